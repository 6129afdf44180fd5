import { andThen, isPromise, type Awaitable } from '../../base/awaitable'
import { SessionError, UNCONFIRMED } from '../../base/errors'
import type { Write, WriteResult } from '../../contracts/backend'
import { ttlOf } from '../../options/options'
import { accessOf, BY_ID, type Access } from '../../session/access'
import type { BoundKey } from '../../session/bound-key'
import { merge } from '../../session/merge'
import { lastAttempt } from '../../session/once'
import { dataOf } from '../../session/record'
import { SessionModel } from '../../session/session-model'
import { Snapshot, type Content } from '../../session/snapshot'
import type { DeviceInfo, SignInOrder } from '../../session/sign-in-info'
import { hashToken } from '../../session/token'
import { gone, type CommitJob, type Outcome } from './commit-job'
import { VERB_TRAITS, type WritePlan } from './commit-plan'
import { deviceInfoOf } from './device-info'
import { isDeviceRefresh, recordToWrite, type RecordFacts } from './record-to-write'
import type { RequestScope } from '../scope/request-scope'
import { originFor } from './origin'
import { refuseWithoutConditions, rotateAtOnce, startSuccession, succeed, type Succeeded } from './succeed'
import { hasSameMaxAge, heldBy, storedFrom, type Stored } from '../open/stored'
import { tolerates } from '../scope/tolerates'

/** A write that did not happen: another request was faster, the record is gone, or the new id exists already. */
export type WriteFailure = 'conflict' | 'missing' | 'taken'

/** Where a record goes, and who can open it then. */
interface Target extends Omit<Succeeded, 'access'> {
  id: string | undefined
  /** What the client is to hold, as far as this request knows it. */
  token: string | undefined
  access: Access
  readAt: { revision: unknown } | undefined
  /** What the client held before cannot open it. */
  isRotated: boolean
}

/** A session in its cookie is there already: it is written over, at no revision. */
const AT_HAND = { revision: undefined }

/**
 * Writes a record once.
 *
 * @param order what the store said when its owner came to it; undefined where nobody comes, or no store knows owners
 */
export async function writeRecord(
  job: CommitJob,
  plan: WritePlan,
  content: Content,
  order: SignInOrder | undefined,
): Promise<Outcome | WriteFailure> {
  const { scope, stored } = job
  const { backend, config, maxAge } = scope
  const beginning = config.ends && originFor(job, config.ends, content, plan)
  const begun = isPromise(beginning) ? await beginning : beginning
  if (config.ends && !begun) return gone(scope, stored?.id)
  const owner = scope.ownerOf(content.data)
  const choosing = chooseTarget(job, plan, owner)
  const target = noting(job, plan, isPromise(choosing) ? await choosing : choosing)
  // In a store, its key is its id.
  const origin = begun && { id: begun.id ?? target.id, since: begun.since }
  const policy = scope.policyOf(content.data)
  const { id: key, confirmed } = target
  const toWrite = recordToWrite(
    factsOf(job, plan, { key, access: target.access, confirmed, owner, policy, order, origin }),
  )
  const { lifetime, access, isExtension, isNote } = toWrite
  const write: Write = {
    id: target.id,
    data: content.data,
    text: content.text,
    lifetime,
    ttl: ttlOf(toWrite.left, config.options.ttl),
    readAt: target.readAt,
    reason: toWrite.reason,
  }
  const done = (next: Stored, token: string | undefined, isMerged = job.isMerged): Outcome => {
    // Nobody can know of a new record; a longer life concerns nobody.
    if (stored?.id !== undefined && stored.id === next.id && !isExtension) {
      config.publish(scope.ctx, target.isRotated ? 'rotated' : 'written', next.id, next.access.generation)
    }
    return {
      name: 'written',
      reason: plan.reason,
      stored: next,
      token,
      left: maxAge === 'session' ? 'session' : toWrite.left,
      isRotated: target.isRotated,
      isMerged,
      before: stored,
    }
  }
  let result: WriteResult
  try {
    const context = scope.storeContextFor(owner)
    // Another request may have extended the life since, without a new revision.
    if (isNote) context.keepsLife = true
    const writing = backend.write(write, context)
    result = isPromise(writing) ? await writing : writing
  } catch (error) {
    if (isNote || (isExtension && tolerates(scope, error))) return unrenewed(job, error)
    return done(await lookOnce(job, target, content, error), target.token, true)
  }
  if (result.outcome !== 'written') return result.outcome
  if (stored?.id !== undefined && stored.id !== target.id) await backend.remove(stored.id, scope.storeContext)
  const { id, token } = target
  const snapshot = Snapshot.ofContent(content, lifetime, owner, backend.serializer)
  const { revision } = result
  const { signInInfo, created } = toWrite
  const next: Stored = { id, token, revision, access, signInInfo, policy, snapshot, created, isCached: false, origin }
  const { opening, successor } = target
  const written = opening || successor ? { ...next, opening, successor } : next
  const isIssued = !target.isRotated && (plan.rotation === 'issue' || plan.rotation === 'proof')
  // A note that the session is used is nothing that the client has to know. A successor of an earlier verb is handed over still.
  return done(written, isNote && !isIssued ? undefined : (result.token ?? heldBy(written)))
}

/** Gathers what decides of the record; asks the application and the binding what is theirs to say. */
function factsOf(
  { scope, stored, verb, method, beginning }: CommitJob,
  plan: WritePlan,
  known: Pick<RecordFacts, 'key' | 'access' | 'confirmed' | 'owner' | 'policy' | 'order' | 'origin'>,
): RecordFacts {
  const { config, ctx, maxAge, backend } = scope
  const boundKey = config.binding?.rebind(ctx, stored?.access.device)
  const isListed = known.owner !== undefined && backend.owners !== undefined
  const isVisit = isListed && !isDeviceRefresh(stored, boundKey)
  // Written out: spreading objects here costs more than all the rest of a write.
  return {
    key: known.key,
    access: known.access,
    confirmed: known.confirmed,
    owner: known.owner,
    policy: known.policy,
    order: known.order,
    origin: known.origin,
    plan,
    verb,
    method,
    startsOver: beginning.isDue,
    stored,
    boundKey,
    seen: isVisit ? { device: deviceSeen(scope, stored) } : undefined,
    maxAge,
    hasSameMaxAge: stored !== undefined && hasSameMaxAge(stored, scope),
    sessionTtl: ttlOf('session', config.options.ttl),
    hasStore: config.hasStore,
    now: Date.now(),
  }
}

/** A context that was made for a job, or of the headers of one, is no device of the visitor's. */
function deviceSeen(scope: RequestScope, stored: Stored | undefined): DeviceInfo | undefined {
  const { device } = scope.config.options
  return scope.isOutside ? stored?.signInInfo.device : device && deviceInfoOf(device, scope.ctx)
}

function chooseTarget(job: CommitJob, plan: WritePlan, owner: string | undefined): Awaitable<Target> {
  const { scope, stored, verb } = job
  const { rotation } = plan
  const isRotated = VERB_TRAITS[verb].rotates
  if (!scope.config.hasStore) {
    return { id: undefined, token: undefined, access: accessInCookie(job, plan), readAt: stored && AT_HAND, isRotated }
  }
  refuseWithoutConditions(scope)
  if (!stored) return newTarget(job, { isRotated, owner })
  const { id, access, token, revision } = stored
  const followed = access.succession || stored.opening ? succeed(job, rotation) : undefined
  if (followed) return { id, token, readAt: { revision }, isRotated: false, ...followed }
  if (rotation === 'none') return { id, token, access, readAt: { revision }, isRotated: false }
  if (!scope.backend.rotatesInPlace) {
    const { device } = rotation === 'generation' ? BY_ID : access
    return newTarget(job, { isRotated: true, device, owner })
  }
  const { rotated, ...next } = rotateAtOnce(job, rotation, owner)
  return { id, token: rotated.text, readAt: { revision }, isRotated: true, ...next }
}

/** What is noted of `once()` ends with the generation. */
function noting({ once }: CommitJob, { rotation }: WritePlan, target: Target): Target {
  return once && rotation !== 'generation' ? { ...target, access: { ...target.access, once } } : target
}

/** A cookie that holds its record has no token that could be rotated; what belongs to a generation ends with it. */
function accessInCookie({ stored, beginning }: CommitJob, { restartsAge }: WritePlan): Access {
  const { device } = stored?.access ?? BY_ID
  return device && !restartsAge && !beginning.isDue ? { ...BY_ID, device } : BY_ID
}

function newTarget(
  job: CommitJob,
  { isRotated, device, owner }: { isRotated: boolean; device?: BoundKey | undefined; owner: string | undefined },
): Awaitable<Target> {
  return andThen(job.newToken.draw(), (token) => {
    const { id, text, hasSecret } = token
    const secret = hasSecret ? hashToken(text) : undefined
    const access = hasSecret || device ? startSuccession(job, token, { ...BY_ID, secret, device }, owner) : BY_ID
    return { id, token: text, access, readAt: undefined, isRotated }
  })
}

/** A renewal of what is as it was read loses no data. */
function unrenewed({ scope, stored, isMerged }: CommitJob, error: unknown): Outcome {
  scope.report('error', stored?.id, { error })
  return { name: 'unchanged', tell: 'nothing', stored, superseded: undefined, isMerged }
}

/**
 * A write whose answer is lost happened, or did not. One that set a secret, or noted an attempt of `once()`, is recognized by it,
 * where it did; any other is not sent again.
 */
async function lookOnce(
  job: CommitJob,
  { id, token, access, isRotated }: Target,
  content: Content,
  error: unknown,
): Promise<Stored> {
  const { scope, session, stored } = job
  // With a token that takes over, others may have written too.
  const isOwn = isRotated || stored === undefined
  const isOwnSecret = isOwn && access.secret !== undefined && access.secret !== stored?.access.secret
  if (!(isOwnSecret || job.once) || !isInDoubt(error) || isUnconfirmed(error)) throw error
  const found = await Promise.resolve(scope.load(id as string)).catch(() => undefined)
  if (!found || !isOwnWrite(job, access, accessOf(found.record))) throw error
  // Others of the same generation may have written since.
  const theirs = dataOf(found.record)
  const merged = await merge(content.data, SessionModel.data(session), theirs, scope.mergeOptions)
  SessionModel.patch(session, merged, scope.backend.serializer)
  return storedFrom(scope, id, found, token)
}

/** Whether what is found was written by this job: no other one has its secret, or the attempt that it has noted. */
function isOwnWrite({ once }: CommitJob, written: Access, found: Access): boolean {
  if (found.secret !== written.secret) return false
  const noted = once?.at(-1)
  return !noted || lastAttempt(found.once, noted[0])?.join() === noted.join()
}

/** Whether the store has done it, and not as safely as it was told to: that cannot be found out by a look. */
function isUnconfirmed({ cause }: SessionError): boolean {
  return (cause as { code?: unknown } | undefined)?.code === UNCONFIRMED
}

/** Whether the store may have done what it was told. */
export function isInDoubt(error: unknown): error is SessionError {
  return error instanceof SessionError && error.code === 'ERR_SESSION_STORE'
}
