import type Koa from 'koa'
import type { ResolvedOptions, SessionOptions } from './options/options'
import { SessionService } from './service'
import type { Session, SessionData } from './session/session'

declare module 'koa' {
  interface ExtendableContext {
    /** The visitor's session; null after it was set to null or destroyed. */
    get session(): Session
    set session(data: NewSession | null)
    /** This request's own copy of the session's options. */
    readonly sessionOptions: ResolvedOptions
  }
}

/** What `ctx.session` can be set to; any object, as long as {@link SessionData} tells nothing of the data. */
type NewSession = keyof SessionData extends never ? object : Partial<SessionData>

/** The middleware, and the service behind it. */
export type SessionMiddleware<Data extends object = SessionData> = Koa.Middleware & {
  readonly sessions: SessionService<Data>
}

/**
 * Session middleware for Koa: koa-session's, with the same options, cookies and stores.
 *
 * @example
 * app.keys = ['a long random secret']
 * app.use(session({ rolling: true }, app))
 * app.use((ctx) => {
 *   ctx.session.views = (ctx.session.views ?? 0) + 1
 *   ctx.body = `${ctx.session.views} views`
 * })
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS` for options that cannot be, `ERR_SESSION_CLASH` where the app has a
 * session with the same `key` or `property` already
 */
export function session<Data extends object = SessionData>(
  options: SessionOptions<Data> | undefined,
  app: Koa,
): SessionMiddleware<Data>
export function session<Data extends object = SessionData>(
  app: Koa,
  options?: SessionOptions<Data>,
): SessionMiddleware<Data>
export function session<Data extends object>(first: unknown, second: unknown): SessionMiddleware<Data> {
  const [app, options] = isApp(first) ? [first, second] : [second as Koa, first]
  const sessions = new SessionService<Data>(app, options ?? {})
  return Object.assign(sessions.middleware(), { sessions })
}

function isApp(value: unknown): value is Koa {
  return typeof (value as Koa | null | undefined)?.use === 'function'
}
