import 'reflect-metadata'
import type { Context } from 'koa'
import type Koa from 'koa'
import {
  type Container,
  ContextStore,
  MemoryStore,
  session,
  type SessionOptions,
  type SessionRecord,
  SessionService,
} from 'koa-session-service'
import { Session } from 'koa-session-service/routing-controllers'
import { JsonController, Post, useContainer, useKoaServer } from 'routing-controllers'
import {
  container as root,
  type DependencyContainer,
  inject,
  injectable,
  type InjectionToken,
  singleton,
} from 'tsyringe'
import { createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'

const CURRENT_CONTEXT: InjectionToken<Context> = Symbol('the context of the request that is being served')

@singleton()
class Databases {
  readonly #databases: Record<string, MemoryStore> = {}

  of(tenant: string): MemoryStore {
    return (this.#databases[tenant] ??= new MemoryStore())
  }
}

@injectable()
class DatabaseSessions extends MemoryStore {
  constructor(readonly databases: Databases) {
    super()
  }

  override create(...call: Parameters<MemoryStore['create']>) {
    return this.databases.of('all').create(...call)
  }

  override read(...call: Parameters<MemoryStore['read']>) {
    return this.databases.of('all').read(...call)
  }

  override replace(...call: Parameters<MemoryStore['replace']>) {
    return this.databases.of('all').replace(...call)
  }
}

@injectable()
class TenantSessions extends ContextStore {
  readonly #database: MemoryStore

  constructor(@inject(CURRENT_CONTEXT) ctx: Context, databases: Databases) {
    super(ctx)
    this.#database = databases.of(this.ctx.hostname)
  }

  get(key: string) {
    return this.#database.get(key)
  }

  set(key: string, record: SessionRecord, maxAge: number) {
    this.#database.set(key, record, maxAge)
  }

  destroy(key: string) {
    this.#database.destroy(key)
  }
}

@injectable()
class Counter {
  constructor(private readonly sessions: SessionService) {}

  async count(): Promise<number | undefined> {
    const session = await this.sessions.update((data) => (data.views = (data.views ?? 0) + 1))
    return session?.views
  }
}

@injectable()
@JsonController()
class ViewsController {
  constructor(private readonly counter: Counter) {}

  @Post('/views')
  async count(@Session() session: Session) {
    return { views: await this.counter.count(), same: session.views }
  }
}

/** Any container will do: one function says how it builds an instance of a class. */
function containerOf(tsyringe: DependencyContainer): Container {
  return { get: (type) => tsyringe.resolve(type) }
}

function open(KoaClass: typeof Koa, options: SessionOptions) {
  const tsyringe = root.createChildContainer()
  const app = createApp(KoaClass)
  const { sessions } = tap(session({ ...options, container: containerOf(tsyringe), asyncLocalStorage: true }, app), app)
  tsyringe.registerInstance(SessionService, sessions)
  tsyringe.register(CURRENT_CONTEXT, { useFactory: () => sessions.context })
  useContainer(containerOf(tsyringe))
  useKoaServer(app, { controllers: [ViewsController], defaultErrorHandler: false })
  return { app, databases: tsyringe.resolve(Databases) }
}

function tap<T extends Koa.Middleware>(middleware: T, app: Koa): T {
  app.use(middleware)
  return middleware
}

beforeEach(() => root.clearInstances())

describe.each(Object.entries(KOA_VERSIONS))('%s, tsyringe', (_version, KoaClass) => {
  test('R50: tsyringe injects the service', async () => {
    const visitor = new Visitor(open(KoaClass, {}).app)
    await visitor.post('/views')
    expect((await visitor.post('/views')).json()).toEqual({ views: 2, same: 2 })
  })

  test('R50: tsyringe builds a store that is a class, with its own dependencies', async () => {
    const { app, databases } = open(KoaClass, { store: DatabaseSessions })
    const visitor = new Visitor(app)
    await visitor.post('/views')
    expect((await visitor.post('/views')).json()).toEqual({ views: 2, same: 2 })
    expect(databases.of('all').size).toBe(1)
  })

  test('R50: tsyringe builds a ContextStore per request, with the request and with dependencies that all share', async () => {
    const { app, databases } = open(KoaClass, { ContextStore: TenantSessions })
    for (const host of ['a.example', 'b.example', 'b.example']) await new Visitor(app).post('/views', {}, { host })
    expect([databases.of('a.example').size, databases.of('b.example').size]).toEqual([1, 2])
  })
})
