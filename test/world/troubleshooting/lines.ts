import { format } from 'node:util'

/** What would be printed with `NODE_DEBUG=koa-session-service`. */
export const printed: string[] = []

/** In the place of what prints. */
export const debug = Object.assign((...words: unknown[]) => void printed.push(format(...words)), { enabled: true })
