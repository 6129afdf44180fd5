import { dataOf, type RecordLifetime, type SessionRecord } from './record'

/** What a record says beside its data, read field by field: of a row, some may be getters of its class. */
type Fields = Readonly<Record<keyof RecordLifetime, unknown>>

const LISTS = ['_past', '_owned', '_confirmed', '_seenBy', '_device', '_once', '_turn'] as const
/** How stores write that there is nothing. */
const NOTHING: readonly unknown[] = [undefined, null, '', 'null', 'undefined']
/** How stores write "no" (the texts of PostgreSQL and YAML among them). */
const NO: readonly unknown[] = [...NOTHING, false, 0, '0', 'false', 'f', 'no', 'n', 'off', '\0']
const NUMBER = /^\s*[+-]?\d+(\.\d+)?(e[+-]?\d+)?\s*$/i
const DATE = /^\s*\d{4}-\d\d-\d\d[T ]\d\d:\d\d/
/** The upper half of a 64-bit number counts so many. */
const UPPER_HALF = 2 ** 32

/**
 * A record as it was written, where its store gives fields back in another type: numbers as text, as a BigInt or an object of
 * the driver's, times as dates, true as 1, what is not there as NULL. Data are the store's own matter.
 *
 * A record that is right is returned itself. What says nothing that can be read stays as it is: it is no time that a session
 * could live by. Only for what a store gives: what a client holds is taken at its word, or not at all.
 */
export function asWritten<R extends SessionRecord>(record: R): R {
  if (isAsWritten(record)) return record
  const { _expire, _session, _maxAge, _idle, _created, _secret, _gen, _seen, _id, _since } = record as Fields
  const fields: Partial<Record<keyof RecordLifetime, unknown>> = {
    _expire: numberOf(_expire),
    _session: isNo(_session) ? undefined : true,
    _maxAge: numberOf(_maxAge),
    _idle: numberOf(_idle),
    _created: numberOf(_created),
    _secret: secretOf(_secret),
    _gen: numberOf(_gen),
    _seen: numberOf(_seen),
    _id: secretOf(_id),
    _since: numberOf(_since),
  }
  for (const name of LISTS) fields[name] = listOf((record as Fields)[name])
  const said = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.assign(dataOf(record), Object.fromEntries(said)) as R
}

/** Asked for every record that is read. */
function isAsWritten(record: SessionRecord): boolean {
  const { _expire, _session, _maxAge, _idle, _created, _secret, _gen, _seen } = record as Fields
  const { _past, _owned, _confirmed, _seenBy, _device, _once, _turn, _id, _since } = record as Fields
  return (
    isNumber(_expire) &&
    (_session === undefined || _session === true) &&
    isNumber(_maxAge) &&
    isNumber(_idle) &&
    isNumber(_created) &&
    (_secret === undefined || (typeof _secret === 'string' && _secret !== '')) &&
    isNumber(_gen) &&
    isNumber(_seen) &&
    isNumber(_since) &&
    (_id === undefined || (typeof _id === 'string' && _id !== '')) &&
    isList(_past) &&
    isList(_owned) &&
    isList(_confirmed) &&
    isList(_seenBy) &&
    isList(_device) &&
    isList(_once) &&
    isList(_turn)
  )
}

/** Zero is how databases without NULL say "nothing", and no time of a session. */
function isNumber(value: unknown): boolean {
  return value === undefined || (typeof value === 'number' && value !== 0 && value < Infinity)
}

function isList(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value))
}

function isNo(value: unknown): boolean {
  const plain = plainOf(value)
  return Number.isNaN(plain) || NO.includes(typeof plain === 'string' ? plain.trim().toLowerCase() : plain)
}

function numberOf(value: unknown): unknown {
  const plain = plainOf(value)
  if (NOTHING.includes(plain)) return undefined
  const number = typeof plain === 'string' ? readNumber(plain) : plain
  if (typeof number !== 'number') return value
  return isNumber(number) ? number : undefined
}

function readNumber(text: string): number | undefined {
  if (NUMBER.test(text)) return Number(text)
  return DATE.test(text) && !Number.isNaN(Date.parse(text)) ? Date.parse(text) : undefined
}

/** Only what is empty is none: without its secret, a record would open by its id. */
function secretOf(value: unknown): unknown {
  const text = textOf(value)
  return text === '' ? undefined : (text ?? value ?? undefined)
}

function listOf(value: unknown): unknown {
  const text = textOf(value)
  if (text === undefined) return value ?? undefined
  if (NOTHING.includes(text)) return undefined
  try {
    const list: unknown = JSON.parse(text)
    return isList(list) ? list : value
  } catch {
    return value
  }
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return ArrayBuffer.isView(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()
    : undefined
}

/** A primitive value in the place of a driver's object: a date, a BigInt, a Long, a decimal, a buffer. */
function plainOf(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const text = textOf(value)
  if (text !== undefined) return text
  const { toNumber, valueOf, toString, low, high } = value as Record<string, unknown>
  if (typeof toNumber === 'function') return Number(toNumber.call(value))
  if (typeof low === 'number' && typeof high === 'number') return high * UPPER_HALF + (low >>> 0)
  const own: unknown = typeof valueOf === 'function' ? valueOf.call(value) : value
  if (typeof own !== 'object') return plainOf(own)
  return typeof toString === 'function' ? toString.call(value) : value
}
