import { SessionError } from '../../base/errors'
import { MAX_ID_BYTES } from './kysely-table'

/** A time in whole milliseconds; the columns take no others. */
export function timeOf(expire: unknown): number | null {
  return typeof expire === 'number' && Number.isFinite(expire) ? Math.round(expire) : null
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
