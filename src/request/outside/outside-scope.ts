import { IncomingMessage, ServerResponse, type IncomingHttpHeaders } from 'node:http'
import { Socket } from 'node:net'
import type Koa from 'koa'
import type { Context } from 'koa'
import { andThen, type Awaitable } from '../../base/awaitable'
import { SessionError } from '../../base/errors'
import type { Loaded } from '../../contracts/backend'
import { RequestScope } from '../scope/request-scope'

/** What a session is opened from: a request of Node's, or the headers of one. */
export type OutsideRequest = IncomingMessage | { headers: IncomingHttpHeaders | Iterable<[string, string]> }

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
      'sessions.open() takes a request of Node, or an object with its "headers".',
    )
  }
  if ('socket' in request) return request
  const message = new IncomingMessage(new Socket())
  message.method = 'GET'
  message.url = '/'
  const isIterable = typeof (headers as Iterable<unknown>)[Symbol.iterator] === 'function'
  const pairs = isIterable ? (headers as Iterable<[string, unknown]>) : Object.entries(headers)
  for (const [name, value] of pairs) addHeader(message, name.toLowerCase(), value)
  return message
}

/** As Node does where a header comes more than once. What is no text is no header. */
function addHeader({ headers }: IncomingMessage, name: string, value: unknown): void {
  const texts = [value].flat().filter((text) => typeof text === 'string')
  if (texts.length > 0) headers[name] = texts.join(name === 'cookie' ? '; ' : ', ')
}

/** Numbers the looks past a cache: each is a doubt of its own. */
let looks = 0

/** Reads a record, past any cache in front of the store. Whoever asks judges what it says of its tokens. */
export function loadFresh(scope: RequestScope, key: string): Awaitable<Loaded | null | undefined> {
  const { backend } = scope
  const context = { ...scope.storeContext, knowsSecrets: true }
  return andThen(backend.load(key, context), (loaded) =>
    loaded?.isCached ? backend.load(key, { ...context, doubt: `look ${looks++}` }) : loaded,
  )
}

/** A session outside a request: nothing can be told to its client. */
export class OutsideScope extends RequestScope {
  override get isOutside(): boolean {
    return true
  }

  override load(key: string): Awaitable<Loaded | null | undefined> {
    return this.config.hasStore ? loadFresh(this, key) : this.#decode(key)
  }

  /** Whatever a cookie makes of a `decode` option, it is none that is accepted. */
  #decode(token: string): Awaitable<Loaded | null | undefined> {
    try {
      return this.backend.load(token, this.storeContext)
    } catch {
      return null
    }
  }
}
