import type { Loaded } from '../contracts/backend'
import type { BindableSession } from '../contracts/device-binding'
import { accessOf, type Access, type Position } from '../session/access'
import { createdAt, lifetimeOf, timeLeft, type Lifetime, type RecordLifetime } from '../session/record'
import { Snapshot } from '../session/snapshot'
import type { RequestScope } from './request-scope'

/** What is known to be stored of a session. One value: what changes is a new one in its place. */
export interface Stored {
  /** The key of the record; undefined for a session that rests in its cookie. */
  readonly id: string | undefined
  /** What the client holds, where that opens the record; undefined where another request has changed the token. */
  readonly token: string | undefined
  readonly revision: unknown
  readonly access: Access
  /** What changes are measured against. */
  readonly snapshot: Snapshot
  /** When the session began: milliseconds since 1970. */
  readonly created: number
  /** It was read from a cache, and may be older than what the shared store holds. */
  readonly isCached: boolean
}

/** A session that the client's token led to once, and that this request cannot use. */
export interface Superseded {
  readonly id: string
  /** The count of hands that the token, or the request, was a part of. */
  readonly hands: number
  /** The record as it was read; undefined where it is gone. */
  readonly loaded: Loaded | undefined
}

/** What was read, by a client that holds `token`. */
export function storedFrom(
  scope: RequestScope,
  id: string | undefined,
  { record, text, revision, isCached = false }: Loaded,
  token: string | undefined,
): Stored {
  return {
    id,
    token,
    revision,
    access: accessOf(record),
    snapshot: Snapshot.ofRecord(record, scope.ownerOf(record), scope.backend.serializer, text),
    created: createdAt(record, Date.now()),
    isCached,
  }
}

/** What a binding to a device is told of it. */
export function bindable({ id, access, snapshot }: Stored): BindableSession {
  return { id, owner: snapshot.owner, device: access.device }
}

export function positionOf({ access, snapshot }: Stored): Position {
  return { hands: access.hands, owner: snapshot.owner }
}

/** Whether the record was written with the lifetime that the session has now: then it can be extended as it is. */
export function hasSameMaxAge({ snapshot }: Stored, { config, maxAge }: RequestScope): boolean {
  return (lifetimeOf(snapshot.lifetime) ?? config.options.maxAge) === maxAge
}

/** Whether less than half of the session's life is left, and an absolute timeout leaves something to win. */
export function isRenewalDue({ snapshot, created }: Stored, { config, maxAge }: RequestScope): boolean {
  const { _expire } = snapshot.lifetime
  if (_expire === undefined || maxAge === 'session') return false
  const { absoluteTimeout = Infinity } = config.options
  return _expire - Date.now() < maxAge / 2 && created + absoluteTimeout > _expire
}

/** Whether its id alone opens what is stored, and the options want a secret. */
export function lacksSecret(stored: Stored | undefined, { config }: RequestScope): boolean {
  return config.usesSecrets && stored !== undefined && stored.access.secret === undefined
}

/** What the record says of its lifetime, to be written again as it is. */
export function keptLifetime({ snapshot }: Stored): RecordLifetime {
  const { _expire, _session, _maxAge, _idle, _created } = snapshot.lifetime
  return { _expire, _session, _maxAge, _idle, _created }
}

/** How long the session has left, as it is stored. */
export function leftOf({ snapshot, created }: Stored, { config }: RequestScope): Lifetime {
  return timeLeft(snapshot.lifetime._expire, created, config.options, Date.now())
}
