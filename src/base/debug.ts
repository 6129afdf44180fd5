import { createHash } from 'node:crypto'
import { debuglog } from 'node:util'

/** Logs with `NODE_DEBUG=koa-session-service`: events, fingerprints and sizes; never an id or data. */
export const debug = debuglog('koa-session-service')

/** A short hash that tells sessions apart in logs and opens none. */
export function fingerprint(id: string | undefined): string {
  if (id === undefined) return 'none'
  return createHash('sha256').update(id).digest('hex').slice(0, 8)
}
