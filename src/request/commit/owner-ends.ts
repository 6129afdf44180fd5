import { retry } from '../../base/retry'
import type { Owners } from '../../contracts/backend'
import type { OwnedRecord } from '../../contracts/store'

/** Whose sessions are ended, and which of them. */
export interface OwnerEnd {
  readonly owners: Owners
  readonly owner: string
  /** Lists the records that are to end, as they are now. */
  readonly choose: () => Promise<OwnedRecord[]>
  /** Called for each session that this has ended, and nobody else. */
  readonly tell: (key: string) => void
}

/** How many sessions were ended, and what failed. */
export interface Ended {
  readonly count: number
  readonly failures: readonly unknown[]
}

/**
 * Ends records of an owner, each as it was read: where one has changed since, it is judged again. One that cannot be ended
 * stops none of the others.
 */
export async function endOwned({ owners, owner, choose, tell }: OwnerEnd): Promise<Ended> {
  let count = 0
  const endOnce = async (): Promise<readonly unknown[] | undefined> => {
    const records = await choose()
    const answers = await Promise.allSettled(records.map(async (found) => endOne(owners, owner, found)))
    const ended = records.filter((_found, index) => isTrue(answers[index]))
    for (const { key } of ended) tell(key)
    count += ended.length
    const failures = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []))
    return failures.length > 0 || ended.length === records.length ? failures : undefined
  }
  const failures = await retry(endOnce).catch((error: unknown) => [error])
  return { count, failures }
}

/** A store of somebody else's may not say at which revision a record is. */
async function endOne(owners: Owners, owner: string, { key, revision }: OwnedRecord): Promise<boolean> {
  const at = revision === undefined ? undefined : { revision }
  return (await owners.destroyByOwner(owner, { only: key, at })) > 0
}

function isTrue(answer: PromiseSettledResult<boolean>): boolean {
  return answer.status === 'fulfilled' && answer.value
}
