import { SessionError } from '../../base/errors'
import type { Owners } from '../../contracts/backend'
import type { OwnedRecord } from '../../contracts/store'
import { needsIndex } from '../../options/option-checks'
import type { ResolvedOptions } from '../../options/options'
import { signInInfoOf, type SignInOrder } from '../../session/sign-in-info'
import { handleOf } from '../../session/token'
import { gone, reportOwnerChange, type CommitJob, type Outcome } from './commit-job'
import { VERB_TRAITS, type WritePlan } from './commit-plan'
import { endOwned } from './owner-ends'
import { liveRecordsOf, checkRevoked } from './revocation'
import { isMissed, putBack, takeBack, type Written } from './put-back'
import type { RequestScope } from '../scope/request-scope'
import type { Content } from '../../session/snapshot'
import { writeRecord, type WriteFailure } from './write-record'

/** The account that signs in, and the store's index of its sessions. */
interface SignIn {
  readonly owner: string
  readonly owners: Owners
  /** The owner was signed in, and has proved anew who they are: that begins no session. */
  readonly confirms: boolean
}

/**
 * Writes a record with which somebody signs in; the owner's mark is looked at before and after. One that confirms is a write
 * like any other: what was removed meanwhile is gone.
 */
export async function writeSignIn(
  job: CommitJob,
  plan: WritePlan,
  content: Content,
  signIn: SignIn,
): Promise<Outcome | WriteFailure> {
  const { scope, stored } = job
  const look = signIn.confirms ? undefined : await checkRevoked(scope, signIn.owners, signIn.owner)
  if (look?.isRevoked) return gone(scope, stored?.id)
  const order = look && { order: look.mark.now, mark: look.mark.notBefore }
  const outcome = await writeRecord(job, plan, content, order)
  if (typeof outcome === 'string' || outcome.name !== 'written') return outcome
  const id = outcome.stored.id as string
  const isRevoked = order !== undefined && (await isRevokedNow(job, outcome, signIn, order))
  // Nobody is ended for a sign-in that does not reach its client.
  if (!isRevoked && isMissed(job, outcome)) return takeBack(job, outcome)
  const isOver = isRevoked || (order !== undefined && (await isTooOld(job, outcome, signIn)))
  reportOwnerChange(scope, outcome)
  if (isOver) return gone(scope, id)
  const { device } = outcome.stored.signInInfo
  scope.report('signedIn', id, { owner: signIn.owner, handle: handleOf(id), device })
  return outcome
}

/** Who signs in, or confirms, with what is written; undefined where nobody does, or no store knows owners. */
export function signInOf({ scope, stored, verb }: CommitJob, content: Content): SignIn | undefined {
  const { options } = scope.config
  if (!options.owner) return undefined
  const { owners } = scope.backend
  if (!owners) return void refuseWithoutIndex(options)
  const owner = scope.ownerOf(content.data)
  const confirms = owner === stored?.snapshot.owner
  if (owner === undefined || (confirms && !VERB_TRAITS[verb].proves)) return undefined
  return { owner, owners, confirms }
}

/** A store that a container or a class makes is not seen before. */
function refuseWithoutIndex({ maxPerOwner, device }: ResolvedOptions): void {
  for (const [name, value] of Object.entries({ maxPerOwner, device })) {
    if (value === undefined) continue
    throw new SessionError('ERR_SESSION_OPTIONS', needsIndex(`The session option "${name}"`))
  }
}

/** Whether all sessions of the owner, this one included, were ended since the first look. */
function isRevokedNow(job: CommitJob, outcome: Written, signIn: SignIn, order: SignInOrder): Promise<boolean> {
  return undone(job, outcome, () => endIfRevoked(job.scope, signIn, outcome.stored.id as string, order))
}

/** Whether this session is one of those that are more than `maxPerOwner`. */
function isTooOld(job: CommitJob, outcome: Written, signIn: SignIn): Promise<boolean> {
  return undone(job, outcome, () => endOldest(job.scope, signIn, outcome.stored.id as string))
}

/** Takes a step after the write. Where it fails, nobody has signed in: what was there before is put back. */
async function undone({ scope, stored }: CommitJob, outcome: Written, step: () => Promise<boolean>): Promise<boolean> {
  try {
    return await step()
  } catch (error) {
    await putBack(scope, stored, outcome.stored).catch(() => undefined)
    throw error
  }
}

/** All sessions of the owner may have been ended since the first look: a sign-in that had not seen it is one of them. */
async function endIfRevoked(scope: RequestScope, signIn: SignIn, id: string, order: SignInOrder): Promise<boolean> {
  const { owner, owners } = signIn
  const { notBefore = -Infinity } = await owners.readMark(owner)
  const { mark: own = -Infinity } = scope.beginningFor(owner)
  if (notBefore <= Math.max(order.mark ?? -Infinity, own)) return false
  const isSame = ({ key, record }: OwnedRecord): boolean => key === id && orderOf(record) === order.order
  const choose = async (): Promise<OwnedRecord[]> => (await owners.listByOwner(owner)).filter(isSame)
  await end(scope, signIn, choose, 'all')
  return true
}

/** Ends what is more than `maxPerOwner`, the oldest first; returns whether this request's session is among them. */
async function endOldest(scope: RequestScope, signIn: SignIn, id: string): Promise<boolean> {
  const { maxPerOwner } = scope.config.options
  if (maxPerOwner === undefined) return false
  const isOwn = ({ key }: OwnedRecord): boolean => key === id
  let wasTooOld = false
  let stays = false
  const choose = async (): Promise<OwnedRecord[]> => {
    const records = (await liveRecordsOf(scope.config, signIn.owners, signIn.owner)).sort(byNewest)
    const oldest = records.splice(maxPerOwner)
    wasTooOld ||= oldest.some(isOwn)
    stays = records.some(isOwn)
    return oldest
  }
  await end(scope, signIn, choose, 'limit')
  return wasTooOld && !stays
}

async function end(
  scope: RequestScope,
  { owner, owners }: SignIn,
  choose: () => Promise<OwnedRecord[]>,
  reason: 'all' | 'limit',
): Promise<void> {
  const tell = (key: string): void => {
    scope.config.publish(scope.ctx, 'ended', key)
    scope.report('revoked', key, { owner, handle: handleOf(key), reason })
    scope.reportEnd(key, owner, reason)
  }
  const { failures } = await endOwned({ owners, owner, choose, tell })
  if (failures.length > 0) throw failures[0]
}

/** All processes agree on this order: the times are the store's. */
function byNewest(one: OwnedRecord, other: OwnedRecord): number {
  const [mine, theirs] = [orderOf(one.record), orderOf(other.record)]
  if (mine !== theirs) return theirs - mine
  return one.key < other.key ? 1 : -1
}

function orderOf(record: OwnedRecord['record']): number {
  return signInInfoOf(record).signIn?.order ?? 0
}
