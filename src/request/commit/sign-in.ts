import { SessionError } from '../../base/errors'
import type { OwnedRecord, OwnerIndexedStore } from '../../contracts/store'
import { needsIndex } from '../../options/option-checks'
import type { ResolvedOptions } from '../../options/options'
import { tenureOf } from '../../session/tenure'
import { handleOf } from '../../session/token'
import type { CommitJob, Outcome } from './commit-job'
import type { WritePlan } from './commit-plan'
import { liveRecordsOf, lookAt } from './owner-looks'
import type { RequestScope } from '../scope/request-scope'
import type { Content } from '../../session/snapshot'
import { writeRecord, type Setback } from './write-record'

type Written = Outcome & { name: 'written' }

/** A sign-in as whom, and where the owner's sessions are known. */
interface SignIn {
  readonly owner: string
  readonly owners: OwnerIndexedStore
}

/** Writes a record with which somebody signs in; the owner's mark is looked at before and after. */
export async function writeSignIn(
  job: CommitJob,
  plan: WritePlan,
  content: Content,
  signIn: SignIn,
): Promise<Outcome | Setback> {
  const { mark, isVoid } = await lookAt(job.scope, signIn.owners, signIn.owner)
  if (isVoid) return gone(job.scope, job.stored?.id)
  const outcome = await writeRecord(job, plan, content, mark.now)
  if (typeof outcome === 'string' || outcome.name !== 'written') return outcome
  return settle(job.scope, outcome, signIn)
}

/** Who signs in with what is written; undefined where nobody does, or no store knows owners. */
export function signInOf({ scope, stored, verb }: CommitJob, content: Content): SignIn | undefined {
  const { options } = scope.config
  if (!options.owner) return undefined
  const { owners } = scope.backend
  if (!owners) return void refuseWithoutIndex(options)
  const owner = scope.ownerOf(content.data)
  if (owner === undefined || (owner === stored?.snapshot.owner && verb !== 'confirm')) return undefined
  return { owner, owners }
}

/** A store that a container or a class makes is not seen before. */
function refuseWithoutIndex({ maxPerOwner, device }: ResolvedOptions): void {
  for (const [name, value] of Object.entries({ maxPerOwner, device })) {
    if (value === undefined) continue
    throw new SessionError('ERR_SESSION_OPTIONS', needsIndex(`The session option "${name}"`))
  }
}

/** The second look, before the client is told anything: the sessions may have been ended while this one was written. */
async function settle(scope: RequestScope, outcome: Written, signIn: SignIn): Promise<Outcome> {
  const { id, revision, snapshot, tenure } = outcome.stored
  const { owner, owners } = signIn
  try {
    if ((await lookAt(scope, owners, owner)).isVoid) {
      if ((await owners.destroyByOwner(owner, { only: id })) > 0) tell(scope, id as string, owner, 'all')
      return gone(scope, id)
    }
    if (await endOldest(scope, signIn, id as string)) return gone(scope, id)
  } catch (error) {
    // Nobody was told of it: it is not left to whoever finds it.
    const at = { revision, expire: snapshot.lifetime._expire }
    await Promise.resolve(scope.backend.remove(id as string, scope.storeContext, at)).catch(() => undefined)
    throw error
  }
  scope.report('owned', id, { owner, handle: handleOf(id as string), device: tenure.device })
  return outcome
}

/** Ends what is more than `maxPerOwner`, the oldest first; returns whether this request's session is among them. */
async function endOldest(scope: RequestScope, { owner, owners }: SignIn, id: string): Promise<boolean> {
  const { maxPerOwner } = scope.config.options
  if (maxPerOwner === undefined) return false
  const records = (await liveRecordsOf(scope.config, owners, owner)).sort(byNewest).slice(maxPerOwner)
  await Promise.all(
    records.map(async ({ key }) => {
      if ((await owners.destroyByOwner(owner, { only: key })) > 0) tell(scope, key, owner, 'limit')
    }),
  )
  return records.some(({ key }) => key === id)
}

/** All processes agree on this order: the times are the store's. */
function byNewest(one: OwnedRecord, other: OwnedRecord): number {
  const [mine, theirs] = [orderOf(one), orderOf(other)]
  if (mine !== theirs) return theirs - mine
  return one.key < other.key ? 1 : -1
}

function orderOf({ record }: OwnedRecord): number {
  return tenureOf(record).signIn?.order ?? 0
}

function gone(scope: RequestScope, id: string | undefined): Outcome {
  scope.report('gone', id, {})
  return { name: 'gone' }
}

function tell(scope: RequestScope, id: string, owner: string, reason: 'all' | 'limit'): void {
  scope.config.tell(scope.ctx, 'ended', id)
  scope.report('revoked', id, { owner, handle: handleOf(id), reason })
}
