import type { Versioned } from '../../contracts/store'
import type { BindableSession } from '../../contracts/device-binding'
import { rotatingStatusOf } from '../../rotation/token-status'
import { accessOf, type Access, type TokenHolder } from '../../session/access'
import {
  createdAt,
  lifetimeOf,
  timeLeft,
  type Lifetime,
  type LifetimePolicy,
  type SessionRecord,
} from '../../session/record'
import { SessionModel } from '../../session/session-model'
import { contentOf, Snapshot, type Content } from '../../session/snapshot'
import { signInInfoOf, type SignInInfo } from '../../session/sign-in-info'
import { parseToken, type Token } from '../../session/token'
import type { Holder, Origin } from '../../ends/keys'
import type { RequestScope } from '../scope/request-scope'
import { isIssueDue, isRotating, isUseDue, type Rotatable } from './rotating'

/** What is known to be stored of a session. One value: what changes is a new one in its place. */
export interface Stored extends Rotatable {
  /** The key of the record; undefined for a session that rests in its cookie. */
  readonly id: string | undefined
  /** What the client holds, where that opens the record; undefined where another request has changed the token. */
  readonly token: string | undefined
  readonly revision: unknown
  readonly access: Access
  /** How its owner uses it. */
  readonly signInInfo: SignInInfo
  /** What bounds its life. */
  readonly policy: LifetimePolicy
  /** What changes are measured against. */
  readonly snapshot: Snapshot
  /** When the session began: milliseconds since 1970. */
  readonly created: number
  /** It was read from a cache, and may be older than what the shared store holds. */
  readonly isCached: boolean
  /** Where among the ends it began; undefined without the option `ends`. */
  readonly origin: Origin | undefined
}

/** A session that the client's token led to once, and that this request cannot use. */
export interface Superseded {
  readonly id: string
  /** The generation that the token, or the request, was a part of. */
  readonly generation: number
  /** Whose it is, as far as this request knows. */
  readonly owner: string | undefined
  /** The record as it was read; undefined where the request went detached, which is told already. */
  readonly loaded: Versioned | undefined
  /** Who has left it with this request, unless that signs in once more. */
  readonly left?: string | undefined
}

/** What was read, by a client that holds `token`. */
export function storedFrom(
  scope: RequestScope,
  id: string | undefined,
  { record, text, revision, isCached = false }: Versioned,
  token: string | undefined,
): Stored {
  return {
    id,
    token,
    revision,
    access: accessOf(record),
    signInInfo: signInInfoOf(record),
    policy: scope.policyOf(record),
    snapshot: Snapshot.ofRecord(record, scope.ownerOf(record), scope.backend.serializer, text),
    created: createdAt(record, Date.now()),
    isCached,
    origin: scope.config.ends && originOf(record, id),
  }
}

/**
 * Where a session began. What is not as it was written is as if it were not there: then the session is as old as can be.
 *
 * @param key of its record in a store, which is its id; unless the record says another one, that it had first
 */
export function originOf({ _id, _since }: SessionRecord, key: string | undefined): Origin {
  const id = typeof _id === 'string' ? _id : undefined
  const since = Number.isSafeInteger(_since) ? _since : undefined
  if (key !== undefined) return { id: id ?? key, since }
  return id === undefined || since === undefined ? { id: undefined, since: undefined } : { id, since }
}

/** By what a stored session can be ended. */
export function holderOf({ snapshot }: Stored): Holder {
  return { owner: snapshot.owner, data: snapshot.data }
}

/** What a binding to a device is told of it. */
export function bindable({ id, access, snapshot }: Stored): BindableSession {
  return { id, owner: snapshot.owner, device: access.device }
}

export function tokenHolderOf({ access, snapshot }: Stored): TokenHolder {
  return { generation: access.generation, owner: snapshot.owner }
}

/**
 * Whether a session was opened from a cache with a token that was rotated away long ago: it may be read, neither written nor
 * ended.
 */
export function isDead(stored: Stored | undefined, access: Access | undefined): boolean {
  if (!stored?.isCached || stored.token === undefined || !access) return false
  const { name } = rotatingStatusOf(parseToken(stored.token) as Token, access, { came: Date.now(), isSlow: false })
  return name === 'dead' || name === 'replay'
}

/** Whether the record was written with the lifetime that the session has now: then it can be extended as it is. */
export function hasSameMaxAge({ snapshot }: Stored, { config, maxAge }: RequestScope): boolean {
  return (lifetimeOf(snapshot.lifetime) ?? config.options.maxAge) === maxAge
}

/** Whether less than half of the session's life is left, and an absolute timeout leaves something to win. */
export function isRenewalDue({ snapshot, created, policy }: Stored, { maxAge }: RequestScope): boolean {
  const { _expire } = snapshot.lifetime
  if (_expire === undefined || maxAge === 'session') return false
  const { absoluteTimeout = Infinity } = policy
  return _expire - Date.now() < maxAge / 2 && created + absoluteTimeout > _expire
}

/** Whether its id alone opens what is stored, and the options want a secret. Where tokens change, that comes with a successor. */
export function lacksSecret(stored: Stored | undefined, scope: RequestScope): boolean {
  if (!scope.config.usesSecrets || stored === undefined || stored.access.secret !== undefined) return false
  return !isRotating(stored, scope)
}

/** Whether it is time to note that the session's owner uses it, where that can be listed. */
export function isSeenDue(stored: Stored | undefined, { config, backend }: RequestScope): boolean {
  if (stored?.snapshot.owner === undefined || !backend.owners) return false
  return (stored.signInInfo.seen ?? 0) + config.options.seenEvery <= Date.now()
}

/** Whether what is stored may have to be written, although nothing has changed it. */
export function mayBeDue(stored: Stored | undefined, scope: RequestScope): boolean {
  const { rolling, renew } = scope.settings
  if (rolling || renew || lacksSecret(stored, scope) || isSeenDue(stored, scope)) return true
  return (
    stored?.opening !== undefined && (isUseDue(stored) || isIssueDue(stored, scope, { isWanted: false, chance: 0 }))
  )
}

/** Whether the data of a session differ from what is stored. No timeout is asked for: an option may be a function of the clock. */
export function hasChanges(session: SessionModel, stored: Stored | undefined, scope: RequestScope): boolean {
  const content = contentIn(session, scope)
  return stored ? !stored.snapshot.holds(content) : Object.keys(content.data).length > 0
}

/** What is in a session now. */
export function contentIn(session: SessionModel, scope: RequestScope): Content {
  return contentOf(SessionModel.data(session), scope.backend.serializer)
}

/** Whether this is what is stored. */
export function isAtRest({ snapshot }: Stored, content: Content, scope: RequestScope): boolean {
  return snapshot.isCurrent(content, scope.policyOf(content.data))
}

/** How long the session has left, as it is stored. */
export function leftOf({ snapshot, created, policy }: Stored): Lifetime {
  return timeLeft(snapshot.lifetime._expire, created, policy, Date.now())
}

/** What the client is to hold, as far as this request knows. */
export function heldBy(stored: Stored | undefined): string | undefined {
  return stored?.successor?.text ?? stored?.token
}
