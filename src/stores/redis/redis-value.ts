import type { Send } from './redis-client'
import { markOf, timeIn } from './redis-fields'

/** How a server says that a key has a value of another type, as clients hand it on; GLIDE has a colon. */
const OTHER_TYPE = /^WRONGTYPE:? Operation/
/** In a hash, the owner stands behind so many characters of the revision. */
const OLD_REVISION_LENGTH = 36

/**
 * A record as Redis keeps it, one text: a line of what is asked and changed without the rest, and behind it the record's text.
 *
 *     6ecd8c99-4036-4b0a 1796113173909=koa.sess=ada
 *     {"user":"ada","_expire":1796113173909,"_maxAge":86400000}
 *
 * The line has the revision; the record's `_expire`, which a touch moves, or nothing; and "=" and the owner, or nothing. In an
 * owner, a "%" is "%25" and a line's end is "%0A".
 */
export interface RedisValue {
  /** The revision, and whose the record is: what a caller is told, so that no round trip is needed to know the owner. */
  readonly revision: string
  readonly expire: number | undefined
  readonly text: string
}

export function writeValue(revision: string, expire: string, mark: string, text: string): string {
  return `${revision} ${expire}${mark}\n${text}`
}

/** Reads the value of a key, also what version 0.1 wrote: a hash. */
export async function readValue(send: Send, key: string): Promise<RedisValue | undefined> {
  let answer: unknown
  try {
    answer = await send('GET', key)
  } catch (error) {
    if (error instanceof Error && OTHER_TYPE.test(error.message)) return readHash(send, key)
    throw error
  }
  return typeof answer === 'string' ? parseValue(answer) : undefined
}

async function readHash(send: Send, key: string): Promise<RedisValue | undefined> {
  const fields = await send('HMGET', key, 'text', 'revision', 'expire', 'owner')
  const [text, revision, expire, owner] = fields as (string | null)[]
  if (typeof text !== 'string') return undefined
  const mark = markOf(owner?.startsWith('=') ? owner.slice(1) : undefined)
  return { revision: (revision ?? '').slice(0, OLD_REVISION_LENGTH) + mark, expire: timeIn(expire), text }
}

/** @throws {Error} for a text that is no record's, as Redis does for a value of another type */
function parseValue(value: string): RedisValue {
  const [space, end] = [value.indexOf(' '), value.indexOf('\n')]
  if (space < 1 || end < space) throw new Error('WRONGTYPE This text holds no session')
  const equals = value.indexOf('=', space)
  const markAt = equals === -1 || equals > end ? end : equals
  return {
    revision: value.slice(0, space) + value.slice(markAt, end),
    expire: timeIn(value.slice(space + 1, markAt)),
    text: value.slice(end + 1),
  }
}

/** The revision itself, and whose the record was, of what a caller was told. */
export function partsOf(told: unknown): [revision: string, mark: string] {
  const text = String(told)
  const equals = text.indexOf('=')
  return equals === -1 ? [text, ''] : [text.slice(0, equals), text.slice(equals)]
}
