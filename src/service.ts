import { EventEmitter } from 'node:events'
import type Koa from 'koa'
import type { Context } from 'koa'
import { configure, type SessionConfig } from './options/config'
import { ContextSlot } from './base/context-slot'
import type { Awaitable } from './base/awaitable'
import { SessionError } from './base/errors'
import type { SessionEvents } from './session/events'
import { defineContextProperties } from './request/context-properties'
import { currentRequest, inRequest } from './request/current-request'
import { RequestSession } from './request/request-session'
import { checkNames } from './options/name-checks'
import { checkCombination, checkOptions } from './options/option-checks'
import { resolveOptions, type ResolvedOptions, type SessionOptions } from './options/options'
import { serve } from './request/serve'
import type { Session, SessionData } from './session/session'
import { warnOnce } from './base/warning'

/** Listens to one kind of {@link SessionEvents}. */
export type SessionListener<Name extends keyof SessionEvents> = (detail: SessionEvents[Name]) => void

/**
 * The verbs of a session, for one app: inject it, or take it from `session(options, app).sessions`.
 *
 * Every method works on the request that it is called in, where the option `asyncLocalStorage` is on (with typedi it
 * is), or on the `ctx` that it is given. Outside a request, and without a `ctx`, it throws `ERR_SESSION_NO_REQUEST`.
 *
 * @example
 * const sessions = new SessionService<Cart>(app, { store: new MemoryStore() })
 * app.use(sessions.middleware())
 * app.use(async (ctx) => {
 *   await sessions.update((cart) => { cart.items = [...(cart.items ?? []), 'tea'] }, ctx)
 *   ctx.body = ctx.session
 * })
 */
export class SessionService<Data extends object = SessionData> {
  static readonly #services = new WeakMap<object, SessionService<object>[]>()

  /** The options with their defaults, frozen. */
  readonly options: ResolvedOptions
  readonly #app: Koa
  readonly #config: SessionConfig
  readonly #events = new EventEmitter()
  readonly #sessions = new ContextSlot<RequestSession>('koa-session-service')

  /**
   * @throws {SessionError} `ERR_SESSION_OPTIONS` for options that cannot be, `ERR_SESSION_CLASH` where the app has a
   * session with the same `key` or `property` already
   */
  constructor(app: Koa, options: SessionOptions<Data> = {}) {
    if (typeof app?.use !== 'function') {
      throw new SessionError('ERR_SESSION_OPTIONS', 'app instance required: `session(opts, app)`')
    }
    checkOptions(options)
    if (options.maxage !== undefined) {
      warnOnce('maxage', 'The session option "maxage" is now spelled "maxAge"', 'DeprecationWarning')
    }
    this.#app = app
    this.options = resolveOptions(options)
    checkCombination(this.options)
    checkNames(app, this.options, this.#others)
    this.#config = configure(this.options, this.#emit.bind(this), this.#within.bind(this))
    SessionService.#services.set(app, [...this.#others, this])
    defineContextProperties(app, this.options.property, this.#session.bind(this))
  }

  /**
   * The service of the app that `ctx` belongs to; called on a subclass, the service of that class.
   *
   * @throws {SessionError} `ERR_SESSION_NO_MIDDLEWARE` where the app has none
   */
  static of<T extends SessionService<object>>(this: abstract new (...args: never[]) => T, ctx: Context): T {
    const services = SessionService.#services.get(ctx.app) ?? []
    const candidates = services.filter((candidate) => candidate instanceof this)
    const service =
      candidates.find(({ constructor }) => constructor === this) ??
      candidates.find(({ options }) => options.property === 'session') ??
      candidates[0]
    if (service) return service as T
    throw noMiddleware(this.name)
  }

  /** The middleware that opens the session before the handlers and commits it after them; install it once. */
  middleware(): Koa.Middleware {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the middleware is a named function
    const service = this
    return async function session(ctx, next) {
      await serve(ctx, service.#session(ctx), service.#config, () => service.#within(ctx, next))
    }
  }

  /** Whether the middleware has run for this request, so that what is done to its session will be committed. */
  isInstalled(ctx: Context): boolean {
    return this.#session(ctx).hasMiddleware
  }

  /** The request that this code runs in. */
  get context(): Context {
    return currentRequest(this.#app)
  }

  /** Reads the session of the request, once, and returns it: null where it was destroyed in this request. */
  async load(ctx: Context = this.context): Promise<Session<Data> | null> {
    const session = this.#session(ctx)
    await session.load()
    return session.session as Session<Data> | null
  }

  /**
   * The key of the session's record, the same for its whole life: `session.externalKey` is what the client holds. It opens a
   * session that was never rotated. Undefined for a session in its cookie, and after it was destroyed.
   */
  id(ctx: Context = this.context): string | undefined {
    return this.#session(ctx).id
  }

  /**
   * Whether the session is bound to the device that this request comes from: see the option `binding`. Experimental.
   *
   * @throws {SessionError} `ERR_SESSION_NOT_LOADED` before {@link load}, where the option `lazy` is on
   */
  isBound(ctx: Context = this.context): boolean {
    const { binding } = this.#serviceOf(ctx).#config
    return binding !== undefined && this.#session(ctx).session !== null && binding.isBound(ctx)
  }

  /** Writes the session now, changed or not: before a stream or an upgrade, for example. */
  async save(ctx: Context = this.context): Promise<void> {
    await this.#session(ctx).commit('save')
  }

  /**
   * Changes the session and writes it at once. `change` gets a copy of the session; where another request was faster, it runs
   * again on the fresh data: counters count. On a store without conditional writes it runs once, and the last writer wins.
   *
   * @returns the session, or null where it was destroyed meanwhile
   * @throws {SessionError} `ERR_SESSION_CONFLICT` where other requests were faster every time
   */
  async update(
    change: (session: Session<Data>) => Awaitable<unknown>,
    ctx: Context = this.context,
  ): Promise<Session<Data> | null> {
    const session = this.#session(ctx)
    await session.update((draft) => change(draft as unknown as Session<Data>))
    return session.session as Session<Data> | null
  }

  /** Extends the life of the session, if there is one, from now on. */
  async touch(ctx: Context = this.context): Promise<void> {
    await this.#session(ctx).commit('touch')
  }

  /**
   * Gives the client a new token, and makes every earlier one useless: do it whenever a visitor signs in. With the option
   * `owner`, a change of the account does it by itself.
   *
   * @param options.keepData whether the data come along; true by default
   * @returns the session; null where it was destroyed in this request
   * @throws {SessionError} `ERR_SESSION_HEADERS_SENT` once the response is under way: the client could not be given the token
   */
  async regenerate(
    { keepData = true }: { keepData?: boolean } = {},
    ctx: Context = this.context,
  ): Promise<Session<Data> | null> {
    const session = this.#session(ctx)
    await session.load()
    if (!keepData) session.clearData()
    await session.commit('regenerate')
    return session.session as Session<Data> | null
  }

  /** Ends the session: removes the record, clears the cookie. `ctx.session` is null afterwards. */
  async destroy(ctx: Context = this.context): Promise<void> {
    const session = this.#session(ctx)
    await session.load()
    session.session = null
    await session.commit('commit')
  }

  /** Calls `listener` with every event of this kind, after the request's own work. */
  on<Name extends keyof SessionEvents>(name: Name, listener: SessionListener<Name>): this {
    this.#events.on(name, listener)
    return this
  }

  /** Stops calling `listener`. */
  off<Name extends keyof SessionEvents>(name: Name, listener: SessionListener<Name>): this {
    this.#events.off(name, listener)
    return this
  }

  #session(ctx: Context): RequestSession {
    const session = this.#sessions.of(ctx)
    if (session) return session
    if (ctx.app !== this.#app) return this.#serviceOf(ctx).#session(ctx)
    return this.#sessions.set(ctx, new RequestSession(ctx, this.#config))
  }

  /** A container has one service for every app of the process; the request's own app decides. */
  #serviceOf(ctx: Context): SessionService<object> {
    if (ctx.app === this.#app) return this
    const service = SessionService.#services
      .get(ctx.app)
      ?.find((candidate) => candidate.constructor === this.constructor)
    if (!service) throw noMiddleware(this.constructor.name)
    return service
  }

  #within<T>(ctx: Context, work: () => T): T {
    return this.options.asyncLocalStorage ? inRequest(ctx, work) : work()
  }

  #emit<Name extends keyof SessionEvents>(name: Name, detail: SessionEvents[Name]): void {
    setImmediate(() => {
      this.#app.emit(`session:${name}`, detail)
      // An EventEmitter throws an `error` that nobody listens to.
      if (this.#events.listenerCount(name) > 0) this.#events.emit(name, detail)
    })
  }

  get #others(): SessionService<object>[] {
    return SessionService.#services.get(this.#app) ?? []
  }
}

function noMiddleware(name: string): SessionError {
  return new SessionError(
    'ERR_SESSION_NO_MIDDLEWARE',
    `This app has no ${name}. Add "app.use(session(app))" or "useSessions(app)" before its routes.`,
  )
}
