import { IncomingMessage, ServerResponse, type IncomingHttpHeaders } from 'node:http'
import { Socket } from 'node:net'
import type Koa from 'koa'
import type { Context } from 'koa'
import { SessionError } from '../../base/errors'

/**
 * What a session is opened from: a request of Node's, a `Request` of fetch, or what is known of one.
 *
 * The option `crossSite` judges the method and the address that are given. A request that does not say its method is judged
 * as one that may change something.
 */
export type OutsideRequest =
  | IncomingMessage
  | {
      /** The method; of a websocket's handshake it is GET. */
      method?: string
      /** A path, or a whole address: its host counts where there is no header `host`. */
      url?: string
      headers: IncomingHttpHeaders | Iterable<[string, string]>
    }

/** A context for hooks and stores. Nothing that is done with its response goes anywhere. */
export function outsideContext(app: Koa, request: OutsideRequest): Context {
  const req = messageOf(request)
  return app.createContext(req, new ServerResponse(req))
}

function messageOf(request: OutsideRequest): IncomingMessage {
  const { headers } = (request ?? {}) as { headers?: unknown }
  if (typeof headers !== 'object' || headers === null) {
    throw new SessionError(
      'ERR_SESSION_BAD_VALUE',
      'sessions.open() takes a request of Node, a Request of fetch, or an object with its "headers".',
    )
  }
  if ('socket' in request) return request
  const { method, url } = request as { method?: unknown; url?: unknown }
  const address = addressOf(url)
  const socket = socketFor(address)
  const message = new IncomingMessage(socket)
  // Cloudflare's workerd ignores the socket that it is given, and Koa reads it.
  if (message.socket !== socket) Object.defineProperty(message, 'socket', { value: socket, writable: true })
  // Koa needs a text. An empty one is the name of no method, and so of none that is safe.
  message.method = typeof method === 'string' ? method.toUpperCase() : ''
  message.url = address ? address.pathname + address.search : pathOf(url)
  const isIterable = typeof (headers as Iterable<unknown>)[Symbol.iterator] === 'function'
  const pairs = isIterable ? (headers as Iterable<[string, unknown]>) : Object.entries(headers)
  for (const [name, value] of pairs) addHeader(message, name.toLowerCase(), value)
  if (address?.host && message.headers.host === undefined) addHeader(message, 'host', address.host)
  return message
}

/** The whole address that is given; undefined for a path, also one that begins with two slashes. */
function addressOf(url: unknown): URL | undefined {
  const text = url instanceof URL ? url.href : url
  return typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
}

function pathOf(url: unknown): string {
  return typeof url === 'string' && url !== '' ? url : '/'
}

/** Koa tells by its connection whether a request came encrypted. */
function socketFor(address: URL | undefined): Socket {
  const isEncrypted = address !== undefined && /^(https|wss):$/.test(address.protocol)
  return Object.assign(new Socket(), isEncrypted ? { encrypted: true } : {})
}

/** As Node does where a header comes more than once. What is no text is no header. */
function addHeader({ headers }: IncomingMessage, name: string, value: unknown): void {
  const texts = [value].flat().filter((text) => typeof text === 'string')
  if (texts.length > 0) headers[name] = texts.join(name === 'cookie' ? '; ' : ', ')
}
