import type Koa from 'koa'
import { SessionError } from './base/errors'
import { warnAlways } from './base/warning'
import { withoutUnknown, type LooseOptions } from './options/create-options'
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
 * Session middleware for Koa: koa-session's, with the same options, cookies and stores. It refuses what cannot be: an option
 * that is unknown, too.
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
  const [app, options] = appAndOptions<SessionOptions<Data>>(first, second)
  return install(new SessionService<Data>(app, options ?? {}))
}

/**
 * {@link session} as packages import it from koa-session, by this name and as the default export, for an app whose
 * `koa-session` is this package. So that no such app is kept from starting, an option that is unknown is a warning, or goes to
 * a `ctx.cookies` of the app's own; and a second session on the property of another one is that one, as it is in koa-session.
 *
 * @example
 * app.use(createSession({ key: 'koa.sess', sameSite: undefined }, app))
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS` for options that are known, and cannot be; and for `encrypt`, where nobody
 * would encrypt the cookie
 */
export function createSession<Data extends object = SessionData>(
  options: LooseOptions<Data> | undefined,
  app: Koa,
): SessionMiddleware<Data>
export function createSession<Data extends object = SessionData>(
  app: Koa,
  options?: LooseOptions<Data>,
): SessionMiddleware<Data>
export function createSession<Data extends object>(first: unknown, second: unknown): SessionMiddleware<Data> {
  const [app, options] = appAndOptions<LooseOptions<Data>>(first, second)
  const known = withoutUnknown(options ?? {}, app)
  try {
    return install(new SessionService<Data>(app, known))
  } catch (error) {
    if (!isClash(error)) throw error
    const other = serviceOn<Data>(app, known.property ?? 'session')
    if (!other) throw error
    warnAlways(`second session on ${other.options.property}`, `${error.message} The first one serves both.`)
    return install(other)
  }
}

function install<Data extends object>(sessions: SessionService<Data>): SessionMiddleware<Data> {
  return Object.assign(sessions.middleware(), { sessions })
}

function isClash(error: unknown): error is SessionError {
  return error instanceof SessionError && error.code === 'ERR_SESSION_CLASH'
}

/** The service that has this property of the app's contexts. */
function serviceOn<Data extends object>(app: Koa, property: string): SessionService<Data> | undefined {
  const service = SessionService.of({ app, req: undefined } as unknown as Koa.Context) as SessionService<Data>
  return service.options.property === property ? service : undefined
}

/** Both orders of the arguments are right. */
function appAndOptions<Options>(first: unknown, second: unknown): [app: Koa, options: Options | undefined] {
  return isApp(first) ? [first, second as Options] : [second as Koa, first as Options]
}

function isApp(value: unknown): value is Koa {
  return typeof (value as Koa | null | undefined)?.use === 'function'
}
