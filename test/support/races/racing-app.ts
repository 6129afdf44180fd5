import { randomUUID } from 'node:crypto'
import type Koa from 'koa'
import type { Context } from 'koa'
import session, {
  type ConditionalStore,
  type SessionOptions,
  type SessionRecord,
  type SessionService,
  type Store,
} from 'koa-session-service'
import { type Answer, createApp, Visitor } from '../app/app'

export const THIRTY_DAYS = 30 * 24 * 60 * 60 * 1000

/** How long a call of the store may take on a machine that has other things to do, in milliseconds. */
const SLOW = 120_000

export type Verb = (ctx: Context, sessions: SessionService, key: string) => unknown

/** What a request can do to its session: `/verb/key?value=…`. */
const VERBS: Record<string, Verb> = {
  read: () => undefined,
  set: (ctx, _sessions, key) => (ctx.session[key] = ctx.query.value ?? key),
  delete: (ctx, _sessions, key) => delete ctx.session[key],
  add: (ctx, _sessions, amount) => (ctx.session.views = (ctx.session.views ?? 0) + Number(amount)),
  remember: (ctx) => (ctx.session.maxAge = THIRTY_DAYS),
  save: (ctx, sessions) => sessions.save(ctx),
  touch: (ctx, sessions) => sessions.touch(ctx),
  update: (ctx, sessions, key) => sessions.update((data) => (data[key] = key), ctx),
  increment: (ctx, sessions) => sessions.update((data) => (data.views = (data.views ?? 0) + 1), ctx),
  regenerate: (ctx, sessions) => sessions.regenerate({}, ctx),
  login: async (ctx, sessions, user) => {
    await sessions.regenerate({}, ctx)
    ctx.session.user = user
  },
  /** Signs in as the option `owner` has it. */
  user: (ctx, _sessions, user) => (ctx.session.user = user),
  signout: (ctx) => delete ctx.session.user,
  restart: (ctx, _sessions, key) => {
    ctx.session = null
    ctx.session = { [key]: key }
  },
  replace: (ctx, _sessions, key) => (ctx.session = { [key]: key }),
  /** Saves, and changes the session then. */
  savethenset: async (ctx, sessions, key) => {
    const { session } = ctx
    await sessions.save(ctx)
    session[key] = key
  },
  null: (ctx) => (ctx.session = null),
  destroy: (ctx, sessions) => sessions.destroy(ctx),
}

/** A request that has read its session and does nothing with it until it is told to finish. */
interface SlowRequest {
  finish: () => Promise<Answer>
}

export interface RacingAppOptions extends SessionOptions {
  store: Store
  /** What each of the apps puts in front of the store. */
  storeOf?: (store: Store) => Store
  /** How many apps share the store, each with a service of its own, as so many processes would. Default: 1. */
  processes?: number
  /** Verbs beside the common ones. */
  verbs?: Record<string, Verb>
}

/** Apps over one store, and every id that they draw. */
export class RacingApp {
  readonly ids = new Set<string>()
  readonly errors: unknown[] = []
  /** What the apps have told of conflicts, of sessions that are gone, and of errors, in its order. */
  readonly events: string[] = []
  readonly apps: Koa[]
  readonly #store: Store
  readonly #verbs: Record<string, Verb>
  readonly #holds = new Map<string, { reach: () => void; released: Promise<void> }>()

  constructor({ processes = 1, verbs, genid, storeOf = (store) => store, ...options }: RacingAppOptions) {
    const run = randomUUID()
    const drawId = async (ctx: Context) => this.#note(genid ? await genid(ctx) : `${run}-${this.ids.size}`)
    this.#store = options.store
    this.#verbs = { ...VERBS, ...verbs }
    this.apps = Array.from({ length: processes }, () => {
      return this.#createApp({ storeTimeout: SLOW, ...options, store: storeOf(options.store), genid: drawId })
    })
  }

  /** Apps, and a visitor who has a session with the datum `secret`. */
  static async open(options: RacingAppOptions): Promise<{ racing: RacingApp; visitor: Visitor }> {
    const racing = new RacingApp(options)
    const visitor = racing.visitor()
    await visitor.get('/set/secret')
    return { racing, visitor }
  }

  visitor(): Visitor {
    return new Visitor(this.apps[0])
  }

  /** The same browser, with a jar of its own from now on; its requests go to another process. */
  another(visitor: Visitor, process = 0): Visitor {
    return new Visitor(this.apps[process % this.apps.length], visitor.jar.copy())
  }

  /** Starts a request, and answers when it has read its session. */
  async start(visitor: Visitor, path: string): Promise<SlowRequest> {
    const name = randomUUID()
    let release = () => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    let answer: Promise<Answer> | undefined
    await new Promise<void>((reach) => {
      this.#holds.set(name, { reach, released })
      answer = visitor.get(path, { 'x-hold': name })
    })
    return {
      finish: () => {
        release()
        return answer as Promise<Answer>
      },
    }
  }

  /** What the store holds under an id. */
  async record(id: string): Promise<SessionRecord | undefined> {
    const context = { rolling: false, ctx: { path: 'test' } as Context }
    const store = this.#store as Partial<ConditionalStore>
    const record = store.read ? (await store.read(id, context))?.record : await this.#store.get(id, 0, context)
    return (record ?? undefined) as SessionRecord | undefined
  }

  /** What the store holds under all ids. */
  async records(): Promise<SessionRecord[]> {
    const found = await Promise.all(Array.from(this.ids, (id) => this.record(id)))
    return found.filter((record) => record !== undefined)
  }

  /** The records that hold the visitor's datum. */
  async secrets(): Promise<SessionRecord[]> {
    return (await this.records()).filter(({ secret }) => secret !== undefined)
  }

  #createApp(options: SessionOptions): Koa {
    const app = createApp()
    const middleware = session(options, app)
    app.on('error', (error) => this.errors.push(error))
    for (const name of ['conflict', 'gone', 'error']) app.on(`session:${name}`, () => this.events.push(name))
    app.use(middleware)
    app.use(async (ctx) => {
      const [, verb = '', key = ''] = ctx.path.split('/')
      const hold = this.#holds.get(ctx.get('x-hold'))
      hold?.reach()
      await hold?.released
      await this.#verbs[verb](ctx, middleware.sessions, key)
      ctx.body = { data: ctx.session, ...ctx.state }
    })
    return app
  }

  #note(id: string): string {
    this.ids.add(id)
    return id
  }
}

/** The token that a browser holds. */
export function tokenOf(visitor: Visitor): string {
  return visitor.jar.values.get('koa.sess') as string
}

/** The id in the token that a browser holds: the key of its session's record. */
export function idOf(visitor: Visitor): string {
  return tokenOf(visitor).replace(/~[\w-]{32}$/, '')
}

/** The data that a browser is shown. */
export async function readData(visitor: Visitor): Promise<Record<string, unknown> | null> {
  return (await visitor.get('/read')).json<{ data: Record<string, unknown> | null }>().data
}
