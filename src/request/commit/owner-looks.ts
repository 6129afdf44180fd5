import type { OwnedRecord, OwnerIndexedStore, OwnerMark } from '../../contracts/store'
import type { SessionConfig } from '../../options/config'
import { isExpired, type SessionRecord } from '../../session/record'
import type { RequestScope } from '../scope/request-scope'

/** How often an answer is asked for again that took too long to say which was first. */
const MAX_LOOKS = 3

/** What an owner's mark says of a sign-in. */
export interface Look {
  readonly mark: OwnerMark
  /** The owner's sessions were all ended after this request had come. */
  readonly isVoid: boolean
}

/**
 * Looks at the owner's mark. The time in the answer is the store's, and the request's age is measured by one clock: so it does
 * not matter how the clocks of processes differ.
 *
 * The request came so long ago at least as when the store was asked, and at most as when its answer was here. Where that
 * leaves it open which was first, it is asked again; at last, the sign-in is void.
 */
export async function lookAt(scope: RequestScope, owners: OwnerIndexedStore, owner: string): Promise<Look> {
  for (let looks = 1; ; looks++) {
    const leastAge = scope.ageFor(owner)
    const mark = await owners.readMark(owner)
    const { now, notBefore } = mark
    if (notBefore === undefined || now - scope.ageFor(owner) > notBefore) return { mark, isVoid: false }
    if (now - leastAge <= notBefore || looks === MAX_LOOKS) return { mark, isVoid: true }
  }
}

/** The records of an owner that are sessions of that owner, as the options are now. */
export async function liveRecordsOf(
  config: SessionConfig,
  owners: OwnerIndexedStore,
  owner: string,
): Promise<OwnedRecord[]> {
  const now = Date.now()
  const records = await owners.listByOwner(owner)
  return records.filter(({ record }) => isLive(config, record, owner, now))
}

/** Where a function of the application's fails, what the index says counts: what is to be ended is not spared for that. */
function isLive({ ownerOf, policyOf }: SessionConfig, record: SessionRecord, owner: string, now: number): boolean {
  try {
    return ownerOf(record) === owner && !isExpired(record, policyOf(record), now)
  } catch {
    return true
  }
}
