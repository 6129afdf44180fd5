import { andThen, isPromise, type Awaitable } from '../../base/awaitable'
import { SessionError, UNCONFIRMED } from '../../base/errors'
import type { Write, WriteResult } from '../../contracts/backend'
import { ttlOf } from '../../options/options'
import { accessFields, accessOf, BY_ID, rotate, type Access } from '../../session/access'
import type { Device } from '../../session/device'
import { merge } from '../../session/merge'
import { dataOf, lifetimeFields, renewedLifetime, timeLeft } from '../../session/record'
import { SessionModel } from '../../session/session-model'
import { Snapshot, type Content } from '../../session/snapshot'
import {
  nextTenure,
  NO_TENURE,
  tenureFields,
  type Device as Sighting,
  type SignInOrder,
  type Tenure,
} from '../../session/tenure'
import { hashToken, makeToken } from '../../session/token'
import type { CommitJob, Outcome } from './commit-job'
import type { WritePlan } from './commit-plan'
import type { NewToken } from '../open/new-token'
import { originFields, originFor } from './origin'
import { sightingOf } from './sighting'
import { hasSameMaxAge, storedFrom, type Stored } from '../open/stored'

/** A write that did not happen: another request was faster, the record is gone, or the new id exists already. */
export type Setback = 'conflict' | 'missing' | 'taken'

/** Where a record goes, and who can open it then. */
interface Target {
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
): Promise<Outcome | Setback> {
  const { scope, stored } = job
  const { backend, config, maxAge } = scope
  const origin = config.ends && (await originFor(job, config.ends, content))
  if (config.ends && !origin) return gone(job)
  const choosing = chooseTarget(job, plan)
  const target = isPromise(choosing) ? await choosing : choosing
  const now = Date.now()
  const created = stored && !plan.restartsAge && !job.startsOver ? stored.created : now
  const policy = scope.policyOf(content.data)
  const device = config.binding?.rebind(scope.ctx, stored?.access.device)
  const access = device ? { ...target.access, device } : target.access
  const owner = scope.ownerOf(content.data)
  const isNote = plan.reason === 'seen' && stored !== undefined
  // A device that proves that it is there is no visitor who uses the session.
  const isProof = stored !== undefined && device !== undefined
  const isKept = stored !== undefined && (isNote || isProof)
  const tenure = isProof ? stored.tenure : tenureAfter(job, plan, { owner, order, now })
  const lifetime = isKept ? lifetimeFields(stored.snapshot.lifetime) : renewedLifetime(maxAge, policy, created, now)
  if (origin) Object.assign(lifetime, originFields(origin, lifetime, now + ttlOf('session', config.options.ttl)))
  const left = timeLeft(lifetime._expire, created, policy, now)
  if (access !== BY_ID) Object.assign(lifetime, accessFields(access))
  if (tenure !== NO_TENURE) Object.assign(lifetime, tenureFields(tenure))
  const isExtension = isExtendedAsItIs(job, plan)
  const write: Write = {
    id: target.id,
    data: content.data,
    text: content.text,
    lifetime,
    ttl: ttlOf(left, config.options.ttl),
    readAt: target.readAt,
    // Where there is more to write than a longer life, the record is written whole.
    reason: isExtension || !isRenewal(plan) ? plan.reason : 'forced',
  }
  const done = (next: Stored, token: string | undefined, isMerged = job.isMerged): Outcome => {
    // Nobody can know of a new record; a longer life concerns nobody.
    if (stored?.id !== undefined && stored.id === next.id && !isExtension) {
      config.tell(scope.ctx, target.isRotated ? 'rotated' : 'written', next.id, next.access.hands)
    }
    return {
      name: 'written',
      stored: next,
      token,
      left: maxAge === 'session' ? 'session' : left,
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
    if (isNote || (isExtension && scope.tolerates(error))) return unrenewed(job, error)
    return done(await lookOnce(job, target, content, error), target.token, true)
  }
  if (result.outcome !== 'written') return result.outcome
  if (stored?.id !== undefined && stored.id !== target.id) await backend.remove(stored.id, scope.storeContext)
  const { id, token } = target
  const snapshot = Snapshot.ofContent(content, lifetime, owner, backend.serializer)
  const { revision } = result
  const next: Stored = { id, token, revision, access, tenure, policy, snapshot, created, isCached: false, origin }
  // A note that the session is used is nothing that the client has to know.
  return done(next, isNote ? undefined : (result.token ?? token))
}

/** How the owner uses the session once this is written; who cannot be listed is not noted. */
function tenureAfter(
  { scope, stored, verb, method, startsOver }: CommitJob,
  plan: WritePlan,
  { owner, order, now }: { owner: string | undefined; order: SignInOrder | undefined; now: number },
): Tenure {
  const { device } = scope.config.options
  // A context that was made for a job, or of the headers of one, is no device of the visitor's.
  const seenBy = (): Sighting | undefined =>
    scope.isOutside ? stored?.tenure.device : device && sightingOf(device, scope.ctx)
  const isNoted = owner !== undefined && scope.backend.owners !== undefined
  // A session in its cookie has no token to rotate, and changes hands all the same.
  const isHandedOn = plan.rotation === 'hands' || (verb === 'regenerate' && !scope.config.hasStore)
  return nextTenure(stored?.tenure ?? NO_TENURE, {
    owner,
    isSignIn: startsOver || owner !== stored?.snapshot.owner,
    confirms: verb === 'confirm' ? { method } : undefined,
    isHandedOn,
    order,
    sighting: isNoted ? { device: seenBy() } : undefined,
    now,
  })
}

function chooseTarget(job: CommitJob, plan: WritePlan): Awaitable<Target> {
  const { scope, stored, newToken, verb } = job
  const { rotation } = plan
  const isRotated = verb === 'regenerate' || verb === 'confirm'
  if (!scope.config.hasStore) {
    return { id: undefined, token: undefined, access: accessInCookie(job, plan), readAt: stored && AT_HAND, isRotated }
  }
  if (!stored) return newTarget(newToken, { isRotated })
  const { id, access, token, revision } = stored
  if (rotation === 'none') return { id, token, access, readAt: { revision }, isRotated: false }
  if (!scope.backend.rotatesInPlace) {
    const { device } = rotation === 'hands' ? BY_ID : access
    return newTarget(newToken, { isRotated: true, device })
  }
  const next = makeToken(id as string, { withSecret: true })
  const rotated = rotate(next, access, { changesHands: rotation === 'hands', now: Date.now() })
  return { id, token: next.text, access: rotated, readAt: { revision }, isRotated: true }
}

/** A cookie that holds its record has no token that could be rotated; what belongs to the hands goes with them. */
function accessInCookie({ stored, startsOver }: CommitJob, { restartsAge }: WritePlan): Access {
  const { device } = stored?.access ?? BY_ID
  return device && !restartsAge && !startsOver ? { ...BY_ID, device } : BY_ID
}

function newTarget(
  newToken: NewToken,
  { isRotated, device }: { isRotated: boolean; device?: Device | undefined },
): Awaitable<Target> {
  return andThen(newToken.draw(), ({ id, text, hasSecret }) => {
    const secret = hasSecret ? hashToken(text) : undefined
    const access = hasSecret || device ? { ...BY_ID, secret, device } : BY_ID
    return { id, token: text, access, readAt: undefined, isRotated }
  })
}

function isRenewal({ reason }: WritePlan): boolean {
  return reason === 'rolling' || reason === 'renew'
}

function isExtendedAsItIs({ stored, scope }: CommitJob, plan: WritePlan): boolean {
  return isRenewal(plan) && plan.rotation === 'none' && stored !== undefined && hasSameMaxAge(stored, scope)
}

/** A session that has ended while this request used it is not written again. */
function gone({ scope, stored }: CommitJob): Outcome {
  scope.report('gone', stored?.id, {})
  return { name: 'gone' }
}

/** A renewal of what is as it was read loses no data. */
function unrenewed({ scope, stored, isMerged }: CommitJob, error: unknown): Outcome {
  scope.report('error', stored?.id, { error })
  return { name: 'unchanged', tell: 'nothing', stored, superseded: undefined, isMerged }
}

/**
 * A write whose answer is lost happened, or did not. One that set a secret is recognized by it, where it did; any other is
 * not sent again.
 */
async function lookOnce(
  job: CommitJob,
  { id, token, access }: Target,
  content: Content,
  error: unknown,
): Promise<Stored> {
  const { scope, session, stored } = job
  const isOwnSecret = access.secret !== undefined && access.secret !== stored?.access.secret
  if (!isOwnSecret || !isInDoubt(error) || isUnconfirmed(error)) throw error
  const found = await Promise.resolve(scope.load(id as string)).catch(() => undefined)
  if (!found || accessOf(found.record).secret !== access.secret) throw error
  // Others of the same hands may have written since.
  const theirs = dataOf(found.record)
  const merged = await merge(content.data, SessionModel.data(session), theirs, scope.mergeOptions)
  SessionModel.patch(session, merged, scope.backend.serializer)
  return storedFrom(scope, id, found, token)
}

/** Whether the store has done it, and not as safely as it was told to: that cannot be found out by a look. */
function isUnconfirmed({ cause }: SessionError): boolean {
  return (cause as { code?: unknown } | undefined)?.code === UNCONFIRMED
}

/** Whether the store may have done what it was told. */
export function isInDoubt(error: unknown): error is SessionError {
  return error instanceof SessionError && error.code === 'ERR_SESSION_STORE'
}
