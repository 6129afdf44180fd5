import { EventEmitter } from 'node:events'
import type Koa from 'koa'
import type { Context } from 'koa'
import { orRejected } from '../base/awaitable'
import { ContextSlot } from '../base/context-slot'
import { SessionError } from '../base/errors'
import { warnOnce } from '../base/warning'
import { configure, type SessionConfig } from '../config/config'
import { othersBeside } from '../options/create-options'
import { checkNames } from '../options/name-checks'
import { checkCombination, checkOptions } from '../options/option-checks'
import { resolveOptions, type ResolvedOptions, type SessionOptions } from '../options/options'
import { defineContextProperties, lendContextProperties } from '../request/context-properties'
import { printedWhenOver } from '../request/explain/print'
import type { SessionSource } from '../request/read-anywhere'
import { currentRequest, inRequest } from '../request/scope/current-request'
import type { RequestSession } from '../request/session/request-session'
import { requestSessionFor } from '../request/request-session-for'
import { serve } from '../request/serve'
import type { SessionEvents } from '../session/events'
import type { SessionData } from '../session/session'
import { appsOf, enterApp, sameAround } from './mounted'

/** Listens to one kind of {@link SessionEvents}. */
export type SessionListener<Name extends keyof SessionEvents> = (detail: SessionEvents[Name]) => void

/** What every verb needs: the app, its options, and the session of each request. */
export class ServiceBase<Data extends object = SessionData> {
  static readonly #services = new WeakMap<object, ServiceBase<object>[]>()

  /** The options with their defaults, frozen. */
  readonly options: ResolvedOptions
  /** The app that it serves. */
  readonly app: Koa
  /** @internal */
  protected readonly config: SessionConfig
  readonly #events = new EventEmitter()
  readonly #source: SessionSource
  #hasMadeMiddleware = false
  #hasServed = false
  readonly #sessions = new ContextSlot<RequestSession>('koa-session-service')

  /**
   * @throws {SessionError} `ERR_SESSION_OPTIONS` for options that cannot be, `ERR_SESSION_CLASH` where the app has a
   * session with the same `key` or `property` already, or one that is bound to devices at the same path
   */
  constructor(app: Koa, options: SessionOptions<Data> = {}) {
    if (typeof app?.use !== 'function') {
      throw new SessionError('ERR_SESSION_OPTIONS', 'app instance required: `session(opts, app)`')
    }
    checkOptions(options)
    if (options.maxage !== undefined) {
      warnOnce('maxage', 'The session option "maxage" is now spelled "maxAge"', 'DeprecationWarning')
    }
    this.app = app
    this.options = resolveOptions(options)
    checkCombination(this.options)
    checkNames(app, this.options, ServiceBase.#in(app))
    const surroundings = { app, others: othersBeside(options) }
    this.config = configure(this.options, this.#emit.bind(this), this.within.bind(this), surroundings)
    for (const { config } of ServiceBase.#in(app)) {
      const binding = this.config.binding ?? config.binding
      binding?.checkBeside(this.config, config)
    }
    ServiceBase.#services.set(app, [...ServiceBase.#in(app), this])
    this.#source = {
      sessionIn: this.sessionIn.bind(this),
      isServing: this.#isServing.bind(this),
      warnsOfLostChanges: this.config.warnsOfLostChanges,
    }
    defineContextProperties(app.context, this.options.property, this.#source)
  }

  /**
   * The service of the app that the request is in, the innermost where apps are mounted; called on a subclass, the service
   * of that class.
   *
   * @example
   * await SessionService.of(ctx).destroy(ctx)
   *
   * @throws {SessionError} `ERR_SESSION_NO_MIDDLEWARE` where the app has none, `ERR_SESSION_BAD_VALUE` for what is no ctx
   */
  static of<T extends ServiceBase<object>>(this: abstract new (...args: never[]) => T, ctx: Context): T {
    for (const app of appsOf(ctx)) {
      const candidates = ServiceBase.#in(app).filter((candidate) => candidate instanceof this)
      const service =
        candidates.find(({ constructor }) => constructor === this) ??
        candidates.find(({ options }) => options.property === 'session') ??
        candidates[0]
      if (service) return service as T
    }
    throw noMiddleware(this.name)
  }

  /**
   * The middleware that opens the session before the handlers and commits it after them. Twice in one request, it is one: the
   * outer one. Where its app is mounted into another one, it serves that app's requests with its own cookie, keys, store and
   * options.
   *
   * @example
   * app.use(sessions.middleware())
   *
   * @throws {SessionError} `ERR_SESSION_CLASH` for a request of another app that has a session with the same cookie, and
   * other options
   */
  middleware(): Koa.Middleware {
    this.#hasMadeMiddleware = true
    const session: Koa.Middleware = (ctx, next) =>
      orRejected(() => (ctx.app === this.app ? this.#serve(ctx, next) : this.#serveMounted(ctx, next)))
    return session
  }

  /**
   * Whether the middleware has run for this request, so that what is done to its session will be committed.
   *
   * @example
   * if (!sessions.hasMiddleware(ctx)) ctx.throw(500, 'app.use(sessions.middleware()) is missing')
   */
  hasMiddleware(ctx: Context): boolean {
    return this.sessionIn(ctx).hasMiddleware
  }

  /** The request that this code runs in. */
  get context(): Context {
    return currentRequest(this.app)
  }

  /**
   * Calls `listener` with every event of this kind, after the request's own work.
   *
   * @example
   * sessions.on('gone', ({ session, ctx }) => console.log(`${ctx.path}: session ${session} was ended meanwhile`))
   */
  on<Name extends keyof SessionEvents>(name: Name, listener: SessionListener<Name>): this {
    this.#events.on(name, listener)
    return this
  }

  /**
   * Stops calling `listener`.
   *
   * @example
   * const listener = () => console.log('two requests at once')
   * sessions.on('conflict', listener).off('conflict', listener)
   */
  off<Name extends keyof SessionEvents>(name: Name, listener: SessionListener<Name>): this {
    this.#events.off(name, listener)
    return this
  }

  /**
   * The session of a request.
   *
   * @internal
   */
  protected sessionIn(ctx: Context): RequestSession {
    const session = this.#sessions.of(ctx)
    if (session) return session
    const service = this.#serviceOf(ctx)
    if (service !== this) return service.sessionIn(ctx)
    return this.#sessions.set(ctx, printedWhenOver(ctx, requestSessionFor(ctx, this.config), this.config, this.#events))
  }

  /**
   * Does what the application asks of a request's session: the middleware waits for it, whether or not the handler does.
   *
   * @internal
   */
  protected verb<T>(ctx: Context | undefined, work: (session: RequestSession) => Promise<T>): Promise<T> {
    return orRejected(() => {
      const session = this.sessionIn(ctx === undefined ? this.context : ctx)
      return session.verb(() => work(session))
    })
  }

  /** @internal */
  protected configFor(ctx: Context): SessionConfig {
    return this.#serviceOf(ctx).config
  }

  /** A container has one service for every app of the process; the request's own app decides. */
  #serviceOf(ctx: Context): ServiceBase<object> {
    const apps = appsOf(ctx)
    if (apps.includes(this.app)) return this
    const services = apps.flatMap((app) => ServiceBase.#in(app))
    const service = services.find((candidate) => candidate.constructor === this.constructor)
    if (!service) throw noMiddleware(this.constructor.name)
    return service
  }

  /** Whether requests come through the middleware. It may be used by hand; an app that uses none at all is a test's. */
  #isServing(): boolean {
    return this.#hasServed || (this.#hasMadeMiddleware && this.app.middleware.length > 0)
  }

  #serve(ctx: Context, next: Koa.Next): Promise<void> {
    this.#hasServed = true
    return serve(ctx, this.sessionIn(ctx), this.config, () => this.within(ctx, next))
  }

  /** Serves a request of an app that this one is mounted into, as one of this app's own. */
  async #serveMounted(ctx: Context, next: Koa.Next): Promise<void> {
    const around = appsOf(ctx).filter((app) => app !== this.app)
    const same = sameAround<ServiceBase<object>>(
      this,
      around.flatMap((app) => ServiceBase.#in(app)),
    )
    if (same) return same.#serve(ctx, next)
    const leaveApp = enterApp(ctx, this.app)
    const giveBack = lendContextProperties(ctx, this.options.property, this.#source)
    try {
      await this.#serve(ctx, next)
    } finally {
      giveBack()
      leaveApp()
    }
  }

  /** @internal */
  protected within<T>(ctx: Context, work: () => T): T {
    return this.options.asyncLocalStorage ? inRequest(ctx, work) : work()
  }

  #emit<Name extends keyof SessionEvents>(name: Name, detail: SessionEvents[Name]): void {
    setImmediate(() => {
      this.app.emit(`session:${name}`, detail)
      // An EventEmitter throws an `error` that nobody listens to.
      if (this.#events.listenerCount(name) > 0) this.#events.emit(name, detail)
    })
  }

  /** The services of an app. */
  static #in(app: Koa): ServiceBase<object>[] {
    return ServiceBase.#services.get(app) ?? []
  }
}

function noMiddleware(name: string): SessionError {
  return new SessionError(
    'ERR_SESSION_NO_MIDDLEWARE',
    `This app has no ${name}. Add "app.use(session(app))" or "useSessions(app)" before its routes. A session of an app that ` +
      'is mounted into this one is there behind its own middleware, and not in front of it.',
  )
}
