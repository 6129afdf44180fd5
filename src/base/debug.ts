import { debuglog } from 'node:util'

/** Logs with `NODE_DEBUG=koa-session-service`: events, fingerprints and sizes; never an id or data. */
export const debug = debuglog('koa-session-service')
