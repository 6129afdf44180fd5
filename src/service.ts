import { fingerprint } from './session/token'
import type { Context } from 'koa'
import { andThen, isPromise, type Awaitable } from './base/awaitable'
import { keepName } from './base/keep-name'
import { explain } from './request/explain/explain'
import type { SessionExplanation } from './request/explain/explanation'
import { factsOf } from './request/explain/facts-of'
import { HeldSession } from './request/outside/held-session'
import { outsideContext, type OutsideRequest } from './request/outside/outside-request'
import { OutsideScope } from './request/outside/outside-scope'
import { ctxAmong, optionsAmong, type RegenerateOptions } from './service/verb-arguments'
import { WorkVerbs } from './service/work-verbs'
import type { Session, SessionData } from './session/session'

export type { SessionListener } from './service/service-base'

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
export class SessionService<Data extends object = SessionData> extends WorkVerbs<Data> {
  /**
   * Reads the session of the request, once, and returns it: null where it was destroyed in this request.
   *
   * @example
   * const session = await sessions.load(ctx)
   * ctx.body = { user: session?.userId }
   */
  load(ctx?: Context): Promise<Session<Data> | null> {
    return this.verb(ctx, async (session) => {
      await session.load()
      return session.session as Session<Data> | null
    })
  }

  /**
   * The same for the parameter of a handler: at once, where the session is read already.
   *
   * @internal
   */
  loaded(ctx: Context): Awaitable<Session<Data> | null> {
    const session = this.sessionIn(ctx)
    return andThen(session.load(), () => session.session as Session<Data> | null)
  }

  /**
   * The key of the session's record, the same for its whole life: `session.externalKey` is what the client holds. It opens a
   * session that was never rotated. Undefined for a session in its cookie, and after it was destroyed.
   *
   * @example
   * const key = sessions.id(ctx)
   */
  id(ctx: Context = this.context): string | undefined {
    return this.sessionIn(ctx).id
  }

  /**
   * A short hash of the session's id, as events tell it: it tells sessions apart in logs, and opens none. Undefined for a
   * session in its cookie.
   *
   * @example
   * console.log(ctx.path, sessions.fingerprint(ctx))
   */
  fingerprint(ctx: Context = this.context): string | undefined {
    const id = this.id(ctx)
    return id === undefined ? undefined : fingerprint(id)
  }

  /**
   * Says why the session of the request is what it is: what was presented and what became of it, what was written and why, and
   * what the response tells so far. It reads nothing from the store, and holds no token, no value of a cookie and no data.
   * `NODE_DEBUG=koa-session-service` prints the same at the end of every request.
   *
   * @example
   * const { why, hint } = sessions.explain(ctx)
   * if (why !== 'accepted') console.log(ctx.path, why, hint)
   *
   * @returns a frozen value; made anew with each call
   */
  explain(ctx: Context = this.context): SessionExplanation {
    return explain(factsOf(ctx, this.sessionIn(ctx), this.configFor(ctx)))
  }

  /**
   * Whether the session is bound to the device that this request comes from: see the option `binding`. Experimental.
   *
   * @example
   * ctx.body = { isBound: sessions.isBound(ctx) }
   *
   * @throws {SessionError} `ERR_SESSION_NOT_LOADED` before {@link load}, where the option `lazy` is on
   */
  isBound(ctx: Context = this.context): boolean {
    const { binding } = this.configFor(ctx)
    return binding !== undefined && this.sessionIn(ctx).session !== null && binding.isBound(ctx)
  }

  /**
   * Writes the session now, changed or not: before a stream or an upgrade, for example.
   *
   * @example
   * await sessions.save(ctx)
   * ctx.res.write('data: the cookie is on its way\n\n')
   */
  save(ctx?: Context): Promise<void> {
    return this.verb(ctx, (session) => session.commit('save'))
  }

  /**
   * Changes the session and writes it at once. `change` gets a copy of the session; where another request was faster, or another
   * verb of this one has written what it changes, it runs again on the fresh data: counters count. So it changes data alone: what
   * else it does, such as a call of another service, is done again too. For that there is {@link SessionService.once}. It changes the
   * copy: `ctx.session` cannot be assigned in it. On a store without conditional writes no other request makes it run again, and the
   * last writer wins.
   *
   * @example
   * await sessions.update((data) => (data.views = (data.views ?? 0) + 1), ctx)
   *
   * @returns the session, or null where it was destroyed meanwhile
   * @throws {SessionError} `ERR_SESSION_CONFLICT` where other requests were faster every time
   */
  update(change: (session: Session<Data>) => Awaitable<unknown>, ctx?: Context): Promise<Session<Data> | null> {
    return this.verb(ctx, async (session) => {
      await session.update((draft) => change(draft as unknown as Session<Data>))
      return session.session as Session<Data> | null
    })
  }

  /**
   * Extends the life of the session, if there is one, from now on.
   *
   * @example
   * if (ctx.path === '/still-here') await sessions.touch(ctx)
   */
  touch(ctx?: Context): Promise<void> {
    return this.verb(ctx, (session) => session.commit('touch'))
  }

  /**
   * Gives the client a new token, and makes every earlier one useless: do it whenever a visitor signs in. With the option
   * `owner`, a change of the account does it by itself.
   *
   * @example
   * await sessions.regenerate({ keepData: false }, ctx)
   *
   * @param options.keepData whether the data come along; true by default. The ctx may stand in the place of the options.
   * @returns the session; null where it was destroyed in this request
   * @throws {SessionError} `ERR_SESSION_HEADERS_SENT` once the response is under way: the client could not be given the token
   */
  regenerate(ctx: Context): Promise<Session<Data> | null>
  regenerate(options?: RegenerateOptions, ctx?: Context): Promise<Session<Data> | null>
  regenerate(first?: RegenerateOptions | Context, second?: Context): Promise<Session<Data> | null> {
    return this.verb(ctxAmong(first, second), async (session) => {
      const { keepData = true } = optionsAmong<RegenerateOptions>('sessions.regenerate()', ['keepData'], first)
      // What is set behind the call is not cleared.
      const loading = session.load()
      if (isPromise(loading)) await loading
      await (keepData ? session.commit('regenerate') : session.beginAnew())
      return session.session as Session<Data> | null
    })
  }

  /**
   * Ends the session: removes the record, clears the cookie. `ctx.session` is null afterwards.
   *
   * @example
   * if (ctx.method === 'POST' && ctx.path === '/sign-out') await sessions.destroy(ctx)
   */
  destroy(ctx?: Context): Promise<void> {
    return this.verb(ctx, async (session) => {
      await session.load()
      await session.end('logout')
    })
  }

  /**
   * Returns the value of a key and takes it out of the session: of parallel requests that take it, exactly one gets it, on
   * stores with conditional writes. For a message that is shown once, or the page to go back to after the sign-in.
   *
   * @example
   * const sessions = new SessionService<{ returnTo?: string }>(app)
   * ctx.redirect((await sessions.take('returnTo', ctx)) ?? '/')
   *
   * @returns undefined where there is no such key
   */
  take<Key extends keyof Data & string>(key: Key, ctx?: Context): Promise<Data[Key] | undefined> {
    return this.verb(ctx, async (session) => {
      await session.load()
      const present = session.session?.toJSON() ?? {}
      if (!session.isUpdating && !Object.hasOwn(present, key)) return undefined
      let taken: Data[Key] | undefined
      await session.update((draft) => {
        const data = draft as unknown as Partial<Data>
        const all = draft.toJSON() as Partial<Data>
        taken = Object.hasOwn(all, key) ? all[key] : undefined
        delete data[key]
      })
      return session.session ? taken : undefined
    })
  }

  /**
   * Opens a session outside a request: for a websocket's upgrade, a stream of events, a job. The same checks are made as for
   * a request; what is not accepted, hostile cookies too, is undefined. It never writes to a client.
   *
   * The option `crossSite` judges the request by its method: one that does not say it may change something.
   *
   * @example
   * const held = await sessions.open({ headers: ctx.headers })
   * held?.signal.addEventListener('abort', () => held.release())
   *
   * @param request a request of Node's, a `Request` of fetch, or an object of its `headers`, `method` and `url`
   * @throws {SessionError} `ERR_SESSION_STORE` where the store cannot be read
   */
  async open(request: OutsideRequest): Promise<HeldSession<Data> | undefined> {
    const ctx = outsideContext(this.app, request)
    return this.within(ctx, () => HeldSession.open<Data>(new OutsideScope(ctx, this.config)))
  }

  /**
   * A signal for a stream in a handler: aborted when the session is destroyed or revoked, changes hands or times out; one that is
   * bound to a device, when the time of the request's cookie is past. It is released when the response closes. Where there is no
   * stored session, it is aborted already: `save()` first.
   *
   * @example
   * const signal = await sessions.signal(ctx)
   * signal.addEventListener('abort', () => ctx.res.end('event: signed-out\ndata:\n\n'))
   */
  signal(ctx?: Context): Promise<AbortSignal> {
    return this.verb(ctx, async (session) => {
      await session.load()
      return session.signal
    })
  }
}

keepName(SessionService, 'SessionService')
