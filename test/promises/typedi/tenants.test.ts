import 'reflect-metadata'
import type { Context } from 'koa'
import type Koa from 'koa'
import { ContextStore, MemoryStore, type SessionRecord, SessionService } from 'koa-session-service'
import { Session } from 'koa-session-service/routing-controllers'
import { CurrentContext, useSessions } from 'koa-session-service/typedi'
import { Body, Get, JsonController, Post, useContainer } from 'routing-controllers'
import { Container, Inject, Service } from 'typedi'
import { KOA_VERSIONS, Visitor } from '../../support/app/app'
import { createServer } from '../../support/app/controllers'
import { Barrier } from '../../support/races/interleave'

let barrier = new Barrier(1)
let poolCount = 0

/** One pool for each tenant, opened once. */
@Service()
class Pools {
  readonly #pools = new Map<string, MemoryStore>()

  of(tenant: string): MemoryStore {
    const pool = this.#pools.get(tenant) ?? new MemoryStore()
    if (!this.#pools.has(tenant)) poolCount++
    this.#pools.set(tenant, pool)
    return pool
  }
}

@Service({ transient: true })
class TenantStore extends ContextStore {
  constructor(
    @Inject(CurrentContext) ctx: Context,
    private readonly pools: Pools,
  ) {
    super(ctx)
  }

  async get(key: string) {
    await barrier.arrive()
    return this.#pool.get(key)
  }

  async set(key: string, record: SessionRecord, maxAge: number) {
    await barrier.arrive()
    this.#pool.set(key, record, maxAge)
  }

  destroy(key: string) {
    this.#pool.destroy(key)
  }

  get #pool(): MemoryStore {
    return this.pools.of(this.ctx.hostname)
  }
}

@Service()
@JsonController()
class NotesController {
  constructor(private readonly sessions: SessionService) {}

  @Post('/note')
  note(@Session() session: Session, @Body() { note }: { note: string }) {
    session.note = note
    return { note: session.note }
  }

  @Get('/note')
  async read() {
    return { note: (await this.sessions.load())?.note ?? 'none' }
  }
}

function serve(KoaClass: typeof Koa): Koa {
  useContainer(Container)
  const install = (app: Koa) => useSessions(app, { ContextStore: TenantStore })
  return createServer({ KoaClass, install, controllers: [NotesController], defaultErrorHandler: false })
}

const hostOf = (index: number): string => (index % 2 === 0 ? 'a.example' : 'b.example')

beforeEach(() => {
  barrier = new Barrier(1)
  poolCount = 0
})
afterEach(() => void Container.reset())

describe.each(Object.entries(KOA_VERSIONS))('%s', (_version, KoaClass) => {
  test("R50: a tenant's session does not exist for another tenant", async () => {
    const visitor = new Visitor(serve(KoaClass))
    await visitor.post('/note', { note: 'for a' }, { host: 'a.example' })
    const same = new Visitor(serve(KoaClass), visitor.jar.copy())
    expect((await same.get('/note', { host: 'b.example' })).json()).toEqual({ note: 'none' })
    expect((await visitor.get('/note', { host: 'a.example' })).json()).toEqual({ note: 'for a' })
  })

  test('R50: a logout at one tenant leaves the record of another one alone, whatever id is presented', async () => {
    const app = serve(KoaClass)
    const visitor = new Visitor(app)
    await visitor.post('/note', { note: 'for a' }, { host: 'a.example' })
    const thief = new Visitor(app, visitor.jar.copy())
    await thief.post('/note', { note: 'for b' }, { host: 'b.example' })
    expect((await visitor.get('/note', { host: 'a.example' })).json()).toEqual({ note: 'for a' })
    expect((await thief.get('/note', { host: 'b.example' })).json()).toEqual({ note: 'for b' })
    expect(thief.jar.values.get('koa.sess')).not.toBe(visitor.jar.values.get('koa.sess'))
  })

  test('R50: interleaved requests of two tenants rest with their own tenant, and the pools are shared', async () => {
    const app = serve(KoaClass)
    const all = Array.from({ length: 60 }, () => new Visitor(app))
    barrier = new Barrier(all.length)
    await Promise.all(all.map((visitor, index) => visitor.post('/note', { note: `${index}` }, { host: hostOf(index) })))
    const pools = Container.get(Pools)
    expect([pools.of('a.example').size, pools.of('b.example').size, poolCount]).toEqual([30, 30, 2])
    barrier = new Barrier(all.length)
    const notes = await Promise.all(all.map((visitor, index) => visitor.get('/note', { host: hostOf(index) })))
    expect(notes.map((answer) => answer.json())).toEqual(all.map((_, index) => ({ note: `${index}` })))
  })
})
