/** A session's lifetime: milliseconds, or `'session'` for a cookie that lives until the browser is closed. */
export type Lifetime = number | 'session'

/** What a record says of its own lifetime, beside the visitor's data, as koa-session 7 writes it. */
export interface RecordLifetime {
  /** When the record expires: milliseconds since 1970. */
  _expire?: number
  /** The lifetime that `_expire` was made from, in milliseconds. */
  _maxAge?: number
  /** The cookie lives until the browser is closed. */
  _session?: true
}

/** What a codec wraps and a store keeps: the visitor's data, and its lifetime beside it. */
export type SessionRecord<Data extends object = Record<string, unknown>> = Data & RecordLifetime

/** Plain data by key. */
export type Dictionary = Record<string, unknown>

/** Makes the record of `data` that lives for `maxAge` from `now` on. */
export function toRecord(data: Dictionary, maxAge: Lifetime, now: number): SessionRecord {
  if (maxAge === 'session') return { ...data, _session: true }
  return { ...data, _expire: now + maxAge, _maxAge: maxAge }
}

/** Whether a value that came from outside can be a record at all: a plain object, and not an array. */
export function isRecord(value: unknown): value is SessionRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether the record is past its time, or says something that is not a time. */
export function isExpired(record: SessionRecord, now: number): boolean {
  if (record._expire === undefined) return false
  return !(typeof record._expire === 'number' && record._expire >= now)
}

/** Whether the record says how long it lives, as every record that this library writes does. */
export function hasLifetime(record: SessionRecord): boolean {
  return record._expire !== undefined || record._session === true
}

/** Whether a value can be a session's lifetime. */
export function isLifetime(value: unknown): value is Lifetime {
  return value === 'session' || (typeof value === 'number' && value > 0 && Number.isFinite(value))
}

/** The lifetime that the record was written with, where it says one that can be. */
export function lifetimeOf(record: SessionRecord): Lifetime | undefined {
  if (record._session === true) return 'session'
  return isLifetime(record._maxAge) ? record._maxAge : undefined
}

/** Copies the visitor's data out of a record: no key that begins with `_`, so neither its lifetime nor a prototype. */
export function dataOf(record: object): Dictionary {
  const data: Dictionary = {}
  for (const key in record) if (key[0] !== '_') data[key] = (record as Dictionary)[key]
  return data
}
