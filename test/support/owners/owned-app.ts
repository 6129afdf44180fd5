import { randomUUID } from 'node:crypto'
import type Koa from 'koa'
import type { Context } from 'koa'
import session, {
  type OwnerIndexedStore,
  type SessionEvents,
  type SessionOptions,
  type SessionService,
} from 'koa-session-service'
import { createApp, CookieJar, Visitor } from '../app/app'
import type { FullStore } from '../backends/conditional-backends'
import { nextTurn } from '../app/site'
import { withClock } from './skewed-clocks'

/** A store that makes every promise, with an index by owner. */
export type OwnedStore = FullStore & OwnerIndexedStore

export type OwnedVerb = (ctx: Context, sessions: SessionService, key: string) => unknown

/** What a request does, `/verb/key`; what it returns is the body. */
const VERBS: Record<string, OwnedVerb> = {
  read: (ctx) => ctx.session,
  plain: () => 'plain',
  as: (ctx, _sessions, user) => (ctx.session.user = user),
  set: (ctx, _sessions, key) => (ctx.session[key] = ctx.query.value ?? key),
  signout: (ctx) => delete ctx.session.user,
  touch: (ctx, sessions) => sessions.touch(ctx),
  regenerate: (ctx, sessions) => sessions.regenerate({}, ctx),
  confirm: async (ctx, sessions, method) => {
    const confirmed = await sessions.confirm(method ? { method } : {}, ctx)
    return { confirmed: confirmed !== null }
  },
  fresh: (ctx, sessions, within) => ({
    isFresh: sessions.isFresh(Number(within), ctx.query.method ? { method: String(ctx.query.method) } : {}, ctx),
    at: sessions.confirmedAt(ctx),
  }),
  take: async (ctx, sessions, key) => ({ taken: await sessions.take(key, ctx) }),
  list: (ctx, sessions, owner) => sessions.list({ owner: owner || undefined }, ctx),
  revoke: async (ctx, sessions, handle) => ({
    revoked: await sessions.revoke(handle, { owner: ctx.query.owner as string }, ctx),
  }),
  revokeall: async (ctx, sessions, owner) => ({
    count: await sessions.revokeAll({ owner: owner || undefined, except: ctx.query.except as string }, ctx),
  }),
}

export interface OwnedAppOptions extends SessionOptions {
  /** How many apps share the store, each with a service of its own, as so many processes would. Default: 1. */
  processes?: number
  /** How far the clocks of each process are ahead of those of the one before, in milliseconds. */
  skew?: number
  verbs?: Record<string, OwnedVerb>
}

export interface OwnerEvent {
  name: keyof SessionEvents
  detail: Record<string, unknown>
}

/** Apps over one store whose sessions have an owner, `user` in their data. */
export class OwnedApp {
  readonly apps: Koa[]
  readonly services: SessionService[] = []
  readonly errors: unknown[] = []
  readonly events: OwnerEvent[] = []
  /** In which order requests with a name came, and whatever else is noted. */
  readonly order: string[] = []

  constructor({ processes = 1, skew = 0, verbs, ...options }: OwnedAppOptions) {
    const all = { ...VERBS, ...verbs }
    this.apps = Array.from({ length: processes }, (_, index) =>
      this.#createApp({ owner: ({ user }) => user as string, storeTimeout: 120_000, ...options }, all, index * skew),
    )
  }

  visitor(process = 0, jar = new CookieJar()): Visitor {
    return new Visitor(this.apps[process % this.apps.length], jar)
  }

  /** A new browser of somebody who has signed in. */
  async signedIn(user: string, process = 0): Promise<Visitor> {
    const visitor = this.visitor(process)
    await visitor.get(`/as/${user}`)
    return visitor
  }

  /** The events of these names so far. */
  async eventsOf(...names: (keyof SessionEvents)[]): Promise<OwnerEvent[]> {
    await nextTurn()
    return this.events.filter(({ name }) => names.includes(name))
  }

  #createApp(options: SessionOptions, verbs: Record<string, OwnedVerb>, ahead: number): Koa {
    const app = createApp()
    app.on('error', (error) => this.errors.push(error))
    for (const name of ['signedIn', 'revoked', 'replayed', 'gone', 'headersSent', 'error'] as const) {
      app.on(`session:${name}`, (detail) => this.events.push({ name, detail }))
    }
    app.use((_ctx, next) => withClock(ahead, next))
    const middleware = session(options, app)
    this.services.push(middleware.sessions)
    app.use(async (ctx, next) => {
      const name = ctx.get('x-name')
      if (name) this.order.push(name)
      await next()
    })
    app.use(middleware)
    app.use(async (ctx) => {
      const [, verb = '', key = ''] = ctx.path.split('/')
      const answer = await verbs[verb](ctx, middleware.sessions, decodeURIComponent(key))
      ctx.body = typeof answer === 'object' && answer !== null ? answer : { answer }
    })
    return app
  }
}

/** An owner whom no other test knows. */
export function newOwner(name = 'alice'): string {
  return `${name}-${randomUUID().slice(0, 8)}`
}

/** What the store calls an owner: a service of its own has owners of its own. */
export function storedOwner(owner: string, key = 'koa.sess'): string {
  return `${key}=${owner}`
}

/** The data that a browser is shown. */
export async function dataOf(visitor: Visitor): Promise<Record<string, unknown>> {
  return (await visitor.get('/read')).json()
}
