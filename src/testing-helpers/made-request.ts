import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type Koa from 'koa'
import type { Context } from 'koa'
import { SessionError } from '../base/errors'

/** What a request is made of. */
export interface MadeRequest {
  method: string
  /** The address that is asked for; `https:` makes the connection an encrypted one. */
  url: URL
  headers: Record<string, string>
}

/** The context that the app makes of a request, without a server and without running anything. */
export function contextOf(app: Koa, { method, url, headers }: MadeRequest): Context {
  // Koa looks at this alone to tell whether a connection is encrypted.
  const socket = Object.assign(new Socket(), { encrypted: url.protocol === 'https:' })
  const req = new IncomingMessage(socket)
  req.method = method
  req.url = url.pathname + url.search
  req.httpVersion = '1.1'
  req.httpVersionMajor = 1
  req.httpVersionMinor = 1
  req.headers = { host: url.host, ...lowered(headers) }
  // What makes no request has nothing to send; a handler that reads the body finds its end.
  req.push(null)
  return app.createContext(req, new ServerResponse(req))
}

/** @throws {SessionError} `ERR_SESSION_OPTIONS` for what is no address of the web */
export function addressOf(url: string, base?: URL): URL {
  const address = URL.canParse(url, base?.href) ? new URL(url, base) : undefined
  if (address && /^https?:$/.test(address.protocol)) return address
  throw new SessionError(
    'ERR_SESSION_OPTIONS',
    `The address "${url}" of a made request is no address of the web. Pass one such as "https://shop.example/cart".`,
  )
}

/** As Node has them. */
function lowered(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
