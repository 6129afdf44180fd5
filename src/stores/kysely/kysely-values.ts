import { SessionError } from '../../base/errors'
import { MAX_ID_BYTES } from './kysely-table'

/** A time in whole milliseconds; the columns take no others. */
export function timeOf(expire: unknown): number | null {
  return typeof expire === 'number' && Number.isFinite(expire) ? Math.round(expire) : null
}

/** Into how many parts a life is divided: what is used all the time changes its place in an index once in each of them. */
const PARTS_OF_LIFE = 64

/**
 * When a row may be deleted: at the end of the part of its life that its end is in, and so never too early. PostgreSQL keeps all
 * indexes as they are where a touch changes no column that has one.
 */
export function forgetTime(now: number, life: number): number {
  const part = Math.max(1, Math.floor(life / PARTS_OF_LIFE))
  return Math.ceil((now + life) / part) * part
}

/** Whether a key fits into the table's column: it is never cut to fit. */
export function isStorable(key: unknown): key is string {
  return typeof key === 'string' && Buffer.byteLength(key) <= MAX_ID_BYTES && !key.includes('\0')
}

/** The error of an id that does not fit. */
export function badKey(): SessionError {
  return new SessionError(
    'ERR_SESSION_BAD_ID',
    `The id of a session in a table is ${MAX_ID_BYTES} bytes long at most, and has no NUL. Let "genid" return shorter ones.`,
  )
}
