import 'reflect-metadata'
import { MemoryStore, SessionService } from 'koa-session-service'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import { useSessions } from 'koa-session-service/typedi'
import { Container, Service } from 'typedi'
import { createApp, Visitor } from '../../support/app/app'
import { openSqlite } from '../../support/backends/databases'
import { everythingElse } from '../../support/races/interleave'
import { spyOnMemory } from '../../support/spies/spy-on'

class AdminSessions extends SessionService {}

@Service()
class DecoratedSessions extends SessionService {}

@Service()
class KeptSessions extends MemoryStore {}

/** typedi calls `destroy()` of what it drops, and awaits nothing: a verb of the service has that name as well. */
const RESETS: Record<string, () => unknown> = {
  'Container.reset()': () => Container.reset(),
  'Container.remove(SessionService)': () => Container.remove(SessionService),
  'Container.remove([...])': () => Container.remove([SessionService, AdminSessions, DecoratedSessions]),
}

afterEach(() => void Container.reset())

describe.each(Object.entries(RESETS))('%s', (_name, reset) => {
  test('R50: Container.reset() outside a request does no harm', async () => {
    const { store, names } = spyOnMemory()
    const app = createApp()
    useSessions(app, { store })
    useSessions(app, { store, key: 'admin', property: 'admin' }, AdminSessions)
    useSessions(app, { store, key: 'other', property: 'other' }, DecoratedSessions)
    reset()
    await everythingElse()
    expect(names).toEqual([])
  })

  test('R50: Container.reset() within a request logs nobody out', async () => {
    const app = createApp()
    useSessions(app, { store: new MemoryStore() })
    app.use(async (ctx) => {
      ctx.session.views = (ctx.session.views ?? 0) + 1
      reset()
      await everythingElse()
      ctx.body = { views: ctx.session.views }
    })
    const visitor = new Visitor(app)
    await visitor.get()
    expect((await visitor.get()).json()).toEqual({ views: 2 })
  })
})

test('R50: the same service is injected after Container.reset()', () => {
  const sessions = useSessions(createApp())
  const others = useSessions(createApp(), {}, DecoratedSessions)
  Container.reset()
  expect(Container.get(SessionService)).toBe(sessions)
  expect(Container.get(DecoratedSessions)).toBe(others)
})

test('R50: a MemoryStore that the container built keeps its sessions over Container.reset()', async () => {
  const app = createApp()
  useSessions(app, { store: KeptSessions })
  app.use((ctx) => {
    ctx.session.views = (ctx.session.views ?? 0) + 1
    ctx.body = { views: ctx.session.views }
  })
  const visitor = new Visitor(app)
  await visitor.get()
  Container.reset()
  await everythingElse()
  expect((await visitor.get()).json()).toEqual({ views: 2 })
})

test('R50: a store that the container drops is asked to destroy nothing, and does no harm', async () => {
  const { db, stop } = openSqlite()
  await createSessionTable(db)
  @Service()
  class SqliteSessions extends KyselyStore {
    constructor() {
      super(db)
    }
  }
  useSessions(createApp(), { store: SqliteSessions })
  expect(() => Container.reset()).not.toThrow()
  // jest fails a test that leaves a rejection unhandled.
  await everythingElse()
  await stop()
})
