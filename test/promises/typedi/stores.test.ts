import 'reflect-metadata'
import type { Context } from 'koa'
import type Koa from 'koa'
import { ContextStore, MemoryStore, SessionService, type SessionRecord, type Store } from 'koa-session-service'
import { CurrentContext, useSessions } from 'koa-session-service/typedi'
import { Container, Inject, Service } from 'typedi'
import { createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'

/** How often each class was built in the current test. */
const built: Record<string, number> = {}

function count(name: string): void {
  built[name] = (built[name] ?? 0) + 1
}

@Service()
class Database {
  readonly records = new Map<string, string>()

  constructor() {
    count('Database')
  }
}

@Service()
class DatabaseSessions implements Store {
  constructor(private readonly database: Database) {
    count('DatabaseSessions')
  }

  async get(key: string): Promise<SessionRecord | undefined> {
    const text = this.database.records.get(key)
    return text === undefined ? undefined : (JSON.parse(text) as SessionRecord)
  }

  async set(key: string, record: SessionRecord): Promise<void> {
    this.database.records.set(key, JSON.stringify(record))
  }

  async destroy(key: string): Promise<void> {
    this.database.records.delete(key)
  }
}

@Service({ transient: true })
class RequestSessions extends ContextStore {
  constructor(
    @Inject(CurrentContext) ctx: Context,
    private readonly sessions: DatabaseSessions,
  ) {
    super(ctx)
    count('RequestSessions')
  }

  get(key: string) {
    this.ctx.state.reads = Number(this.ctx.state.reads ?? 0) + 1
    return this.sessions.get(key)
  }

  set(key: string, record: SessionRecord) {
    return this.sessions.set(key, record)
  }

  destroy(key: string) {
    return this.sessions.destroy(key)
  }
}

const unregistered = new MemoryStore()

class UnregisteredSessions extends ContextStore {
  get(key: string) {
    this.ctx.state.reads = 1
    return unregistered.get(key)
  }

  set(key: string, record: SessionRecord, maxAge: number) {
    unregistered.set(key, record, maxAge)
  }

  destroy(key: string) {
    unregistered.destroy(key)
  }
}

function countViews(app: Koa): Koa {
  return app.use((ctx) => {
    ctx.session.views = (ctx.session.views ?? 0) + 1
    ctx.body = { views: ctx.session.views, reads: ctx.state.reads as unknown }
  })
}

beforeEach(() => {
  for (const name of Object.keys(built)) delete built[name]
})
afterEach(() => void Container.reset())

describe.each(Object.entries(KOA_VERSIONS))('%s', (_version, KoaClass) => {
  test('R50: a store that is a class is built by the container, with its own dependencies', async () => {
    const app = createApp(KoaClass)
    useSessions(app, { store: DatabaseSessions })
    const visitor = new Visitor(countViews(app))
    await visitor.get()
    expect((await visitor.get()).json()).toEqual({ views: 2 })
    expect(Container.get(Database).records.size).toBe(1)
    expect(built).toEqual({ Database: 1, DatabaseSessions: 1 })
  })

  test('R50: a ContextStore is built per request, with the request and dependencies that all share', async () => {
    const app = createApp(KoaClass)
    useSessions(app, { ContextStore: RequestSessions })
    const visitor = new Visitor(countViews(app))
    for (const views of [1, 2, 3]) {
      expect((await visitor.get()).json()).toEqual(views === 1 ? { views } : { views, reads: 1 })
    }
    expect(built).toEqual({ Database: 1, DatabaseSessions: 1, RequestSessions: 3 })
  })

  test('R50: the store uses the same singletons as the rest of the application', async () => {
    const database = Container.get(Database)
    const app = createApp(KoaClass)
    useSessions(app, { store: DatabaseSessions })
    await new Visitor(countViews(app)).get()
    expect(database.records.size).toBe(1)
    expect(built.Database).toBe(1)
  })

  test('R50: child containers get the same service and clone neither it nor its store', async () => {
    const app = createApp(KoaClass)
    const sessions = useSessions(app, { store: DatabaseSessions })
    const injected: unknown[] = []
    app.use(async (ctx, next) => {
      const id = `request ${injected.length}`
      const service = Container.of(id).get(SessionService)
      injected.push(service)
      await service.update((session) => (session.views = (session.views ?? 0) + 1))
      ctx.body = { views: ctx.session.views, own: Container.of(id).get(CurrentContext) === ctx }
      Container.reset(id)
      await next()
    })
    const visitor = new Visitor(app)
    for (const views of [1, 2, 3]) expect((await visitor.get()).json()).toEqual({ views, own: true })
    expect(injected).toEqual([sessions, sessions, sessions])
    expect(new Set(injected).size).toBe(1)
    expect(built).toEqual({ Database: 1, DatabaseSessions: 1 })
  })

  test('R50: child containers get the same store, and its dependencies are built once', async () => {
    useSessions(createApp(KoaClass), { store: DatabaseSessions })
    const store = Container.get(DatabaseSessions)
    for (const id of ['a', 'b']) expect(Container.of(id).get(DatabaseSessions)).toBe(store)
    expect(built).toEqual({ Database: 1, DatabaseSessions: 1 })
  })

  test('R50: a child container that outlives a request hands out the request that is being served', async () => {
    const app = createApp(KoaClass)
    useSessions(app)
    app.use((ctx) => (ctx.body = { own: Container.of('a tenant').get(CurrentContext) === ctx }))
    for (let request = 0; request < 3; request++) {
      expect((await new Visitor(app).get()).json()).toEqual({ own: true })
    }
  })

  test('R50: a ContextStore that the container does not know is built with the request, as in koa-session', async () => {
    const app = createApp(KoaClass)
    useSessions(app, { ContextStore: UnregisteredSessions })
    const visitor = new Visitor(countViews(app))
    await visitor.get()
    expect((await visitor.get()).json()).toEqual({ views: 2, reads: 1 })
  })
})

test('R50: the container itself can be handed to session(), with the store as a class', async () => {
  const app = createApp()
  app.use(new SessionService(app, { store: DatabaseSessions, container: Container }).middleware())
  await new Visitor(countViews(app)).get()
  expect(Container.get(Database).records.size).toBe(1)
})
