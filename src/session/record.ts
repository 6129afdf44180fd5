import type { DeviceField } from './bound-key'
import type { OnceAttempt } from './once'
import type { SuccessionField } from './succession'

/** A session's lifetime: milliseconds, or `'session'` for a cookie that lives until the browser is closed. */
export type Lifetime = number | 'session'

/** The fields of a record beside the visitor's data; the first three are those that koa-session 7 writes. */
export interface RecordLifetime {
  /** When the record expires: milliseconds since 1970. */
  _expire?: number
  /** The lifetime that the cookie was given, in milliseconds. */
  _maxAge?: number
  /** The cookie lives until the browser is closed. */
  _session?: true
  /** The idle timeout that `_expire` was made with, in milliseconds. */
  _idle?: number
  /** When the session began, where there is an absolute timeout: milliseconds since 1970. */
  _created?: number
  /** What opens it, where that is not its id alone: see `access.ts`. */
  _secret?: string
  _gen?: number
  _past?: readonly (readonly [hash: string, at: number, generation: number])[]
  /** With `rotateEvery`: which tokens open it beside the current one: see `succession.ts`. */
  _turn?: SuccessionField
  /** How its owner uses it: see `signInInfo.ts`. */
  _owned?: readonly [order: number, at: number, mark?: number]
  _confirmed?: readonly [at: number, method?: string]
  _seen?: number
  _seenBy?: Readonly<Record<string, unknown>>
  /** The key of the device that it is bound to: see `device.ts`. */
  _device?: DeviceField
  /** The last attempts at work that is done once: see `once.ts`. */
  _once?: readonly OnceAttempt[]
  /**
   * With the option `ends`: the id of a session in its cookie, or of one in a store whose key has changed, which is no secret; and
   * where among the ends it began.
   */
  _id?: string
  _since?: number
}

/** What a codec wraps and a store keeps: the visitor's data, and its lifetime beside it. */
export type SessionRecord<Data extends object = Record<string, unknown>> = Data & RecordLifetime

/** Plain data by key. */
export type Dictionary = Record<string, unknown>

/** What bounds a session's life, in milliseconds. */
export interface LifetimePolicy {
  readonly idleTimeout?: number
  readonly absoluteTimeout?: number
}

/** What the record says of a session that began at `created` and is renewed at `now`. */
export function renewedLifetime(
  maxAge: Lifetime,
  { idleTimeout, absoluteTimeout }: LifetimePolicy,
  created: number,
  now: number,
): RecordLifetime {
  const life = Math.min(maxAge === 'session' ? Infinity : maxAge, idleTimeout ?? Infinity)
  const lifetime: RecordLifetime = {}
  if (life !== Infinity) lifetime._expire = now + life
  if (maxAge === 'session') lifetime._session = true
  else lifetime._maxAge = maxAge
  if (idleTimeout !== undefined) lifetime._idle = idleTimeout
  if (absoluteTimeout !== undefined) lifetime._created = created
  return lifetime
}

/** The JSON of a record, made of its data's: the lifetime stands at the end, as in koa-session's. */
export function withLifetime(dataText: string, lifetime: RecordLifetime): string {
  const tail = tailOf(lifetime)
  if (tail === '') return dataText
  return dataText === '{}' ? `{${tail.slice(1)}}` : `${dataText.slice(0, -1)}${tail}}`
}

/** Whether a record's JSON is what {@link withLifetime} makes of the data's; a long one need not be made for that. */
export function isWithLifetime(recordText: string, dataText: string, lifetime: RecordLifetime): boolean {
  if (dataText === '{}') return recordText === withLifetime(dataText, lifetime)
  const length = dataText.length - 1
  return (
    recordText.slice(0, length) === dataText.slice(0, length) && recordText.slice(length) === `${tailOf(lifetime)}}`
  )
}

function tailOf(lifetime: RecordLifetime): string {
  const { _expire, _session, _maxAge, _idle, _created, _secret, _gen, _past, _device, _once } = lifetime
  let tail = ''
  if (_expire !== undefined) tail += `,"_expire":${_expire}`
  if (_session !== undefined) tail += `,"_session":${_session}`
  if (_maxAge !== undefined) tail += `,"_maxAge":${_maxAge}`
  if (_idle !== undefined) tail += `,"_idle":${_idle}`
  if (_created !== undefined) tail += `,"_created":${_created}`
  if (_secret !== undefined) tail += `,"_secret":"${_secret}"`
  if (_gen !== undefined) tail += `,"_gen":${_gen}`
  if (_past !== undefined) tail += `,"_past":${JSON.stringify(_past)}`
  if (_device !== undefined) tail += `,"_device":${JSON.stringify(_device)}`
  if (lifetime._turn !== undefined) tail += `,"_turn":${JSON.stringify(lifetime._turn)}`
  if (_once !== undefined) tail += `,"_once":${JSON.stringify(_once)}`
  const hasTenure = lifetime._owned !== undefined || lifetime._confirmed !== undefined || lifetime._seen !== undefined
  if (hasTenure) tail += tenureTailOf(lifetime)
  return lifetime._since === undefined ? tail : tail + originTailOf(lifetime)
}

function originTailOf({ _id, _since }: RecordLifetime): string {
  return _id === undefined ? `,"_since":${_since}` : `,"_id":"${_id}","_since":${_since}`
}

function tenureTailOf({ _owned, _confirmed, _seen, _seenBy }: RecordLifetime): string {
  let tail = ''
  if (_owned !== undefined) tail += `,"_owned":${JSON.stringify(_owned)}`
  if (_confirmed !== undefined) tail += `,"_confirmed":${JSON.stringify(_confirmed)}`
  if (_seen !== undefined) tail += `,"_seen":${_seen}`
  if (_seenBy !== undefined) tail += `,"_seenBy":${JSON.stringify(_seenBy)}`
  return tail
}

/** The fields of a record that are about its lifetime. */
export function lifetimeFields({ _expire, _session, _maxAge, _idle, _created }: RecordLifetime): RecordLifetime {
  const fields = { _expire, _session, _maxAge, _idle, _created }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

/** How long a session has left at `now`: until it expires, or until its absolute timeout, whichever comes first. */
export function timeLeft(
  expire: number | undefined,
  created: number,
  { absoluteTimeout = Infinity }: LifetimePolicy,
  now: number,
): Lifetime {
  const end = Math.min(expire ?? Infinity, created + absoluteTimeout)
  return end === Infinity ? 'session' : end - now
}

/** Whether a value that came from outside can be a record at all: an object that is no array, generator, map or promise. */
export function isRecord(value: unknown): value is SessionRecord {
  return Object.prototype.toString.call(value) === '[object Object]'
}

/** Whether the record is past its time, or says something that is not a time. The timeouts apply as they are now. */
export function isExpired(record: SessionRecord, policy: LifetimePolicy, now: number): boolean {
  const { idleTimeout, absoluteTimeout } = policy
  if (record._expire !== undefined && !(typeof record._expire === 'number' && record._expire >= now)) return true
  const renewed = renewedAt(record)
  if (idleTimeout !== undefined && renewed !== undefined && renewed + idleTimeout < now) return true
  return absoluteTimeout !== undefined && createdAt(record, now) + absoluteTimeout < now
}

/** What bounds a session's life. */
export type Bound = 'idle' | 'absolute' | 'maxAge'

/** Which bound of a record that is expired has passed first. Its test is a table. */
export function passedBoundOf(
  record: SessionRecord,
  { idleTimeout, absoluteTimeout }: LifetimePolicy,
  now: number,
): Bound {
  const { _expire, _idle, _maxAge = Infinity } = record
  const ends: [Bound, number][] = [
    [_idle !== undefined && _idle <= _maxAge ? 'idle' : 'maxAge', typeof _expire === 'number' ? _expire : Infinity],
    ['idle', (renewedAt(record) ?? Infinity) + (idleTimeout ?? Infinity)],
    ['absolute', createdAt(record, now) + (absoluteTimeout ?? Infinity)],
  ]
  return ends.reduce((first, next) => (next[1] < first[1] ? next : first))[0]
}

/** Whether there is a timeout now, and the record has no time in it from which it could be counted. */
export function isUnbounded(record: SessionRecord, { idleTimeout, absoluteTimeout }: LifetimePolicy): boolean {
  if (record._expire !== undefined || (idleTimeout === undefined && absoluteTimeout === undefined)) return false
  return absoluteTimeout === undefined || record._created === undefined
}

/** Whether the record says how long it lives, as every record that this library writes does. */
export function hasLifetime(record: SessionRecord): boolean {
  return record._expire !== undefined || record._session === true
}

/** Whether the record was written under the timeouts that are in force: then it can be extended as it is. */
export function hasSamePolicy(record: RecordLifetime, { idleTimeout, absoluteTimeout }: LifetimePolicy): boolean {
  return record._idle === idleTimeout && (record._created === undefined) === (absoluteTimeout === undefined)
}

/** The longest life that browsers give a cookie (RFC 6265bis, section 5.5): 400 days, in milliseconds. */
export const MAX_LIFETIME = 400 * 24 * 60 * 60 * 1000

/** Whether a value can be a session's lifetime. */
export function isLifetime(value: unknown): value is Lifetime {
  return value === 'session' || isDuration(value)
}

/** The lifetime that the record was written with, where it says one that can be. */
export function lifetimeOf(record: RecordLifetime): Lifetime | undefined {
  if (record._session === true) return 'session'
  return isLifetime(record._maxAge) ? record._maxAge : undefined
}

/** When the session began, as far as its record tells: one without the time was made before there was a timeout. */
export function createdAt(record: SessionRecord, now: number): number {
  const { _created } = record
  return typeof _created === 'number' && _created <= now ? _created : (renewedAt(record) ?? now)
}

/**
 * Copies the visitor's data out of a record: no key that begins with `_`, so neither its lifetime nor a prototype, and
 * not `isNew`, which koa-session takes out as well.
 */
export function dataOf(record: object): Dictionary {
  const data: Dictionary = {}
  for (const key in record) if (key[0] !== '_' && key !== 'isNew') data[key] = (record as Dictionary)[key]
  return data
}

function renewedAt({ _expire, _idle, _maxAge }: SessionRecord): number | undefined {
  const life = _idle ?? _maxAge
  return typeof _expire === 'number' && isDuration(life) ? _expire - life : undefined
}

/** Whether a value is a time that can pass: a positive, finite number. */
export function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && Number.isFinite(value)
}
