import type { Context } from 'koa'
import { readable } from './facts-of'

/** Who makes a request, as far as that can be told. */
export interface Caller {
  /** An address and a browser: who has both is taken for the same one. Undefined where these cannot be read. */
  readonly client: string | undefined
  /** The number of its connection; undefined where others may share that. */
  readonly connection: number | undefined
}

/** Sockets by number: what remembers a number keeps no socket. */
const connections = new WeakMap<object, number>()
let count = 0

/** What a proxy says, which may have one connection for many clients. */
const OF_PROXIES = /^(x-forwarded-|x-real-ip$|forwarded$|via$)/

export function callerOf(ctx: Context): Caller {
  // The names of one's own machine have several addresses.
  const address = readable(() => ctx.ip.replace(/^(::1|(::ffff:)?127\..*)$/, 'this machine'), undefined)
  const client = address === undefined ? undefined : `${address} ${readable(() => ctx.get('User-Agent'), '')}`
  return { client, connection: readable(() => connectionOf(ctx), undefined) }
}

/** Over HTTP/1, a response is whole before the next request begins. */
function connectionOf({ req }: Context): number | undefined {
  if (req.httpVersionMajor !== 1 || Object.keys(req.headers).some((name) => OF_PROXIES.test(name))) return undefined
  const known = connections.get(req.socket)
  if (known !== undefined) return known
  connections.set(req.socket, ++count)
  return count
}
