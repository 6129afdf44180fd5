import 'reflect-metadata'
import type Koa from 'koa'
import { MemoryStore, SessionError, SessionService, type Store } from 'koa-session-service'
import { useSessions } from 'koa-session-service/typedi'
import { Body, Get, JsonController, Post, useContainer } from 'routing-controllers'
import { Container, Service } from 'typedi'
import { createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'
import { createServer } from '../../support/app/controllers'
import { Barrier, everythingElse } from '../../support/races/interleave'
import { spyOnMemory } from '../../support/spies/spy-on'

const VISITORS = 50

let barrier = new Barrier(1)

@Service()
class Notes {
  constructor(private readonly sessions: SessionService<{ notes?: string[] }>) {}

  async add(note: string): Promise<string[] | undefined> {
    await this.sessions.load()
    await barrier.arrive()
    const session = await this.sessions.update((data) => (data.notes = [...(data.notes ?? []), note]))
    await barrier.arrive()
    return session?.notes
  }

  async all(): Promise<string[]> {
    return (await this.sessions.load())?.notes ?? []
  }

  async clear(): Promise<void> {
    await this.sessions.destroy()
  }
}

@Service()
@JsonController('/notes')
class NotesController {
  constructor(private readonly notes: Notes) {}

  @Post()
  add(@Body() { note }: { note: string }) {
    return this.notes.add(note)
  }

  @Get()
  all() {
    return this.notes.all()
  }

  @Post('/clear')
  async clear() {
    await this.notes.clear()
    return []
  }
}

function serve(KoaClass: typeof Koa, store: Store): Koa {
  useContainer(Container)
  const install = (app: Koa) => useSessions(app, { store })
  return createServer({ KoaClass, install, controllers: [NotesController], defaultErrorHandler: false })
}

function twoApps(KoaClass: typeof Koa) {
  const stores = [spyOnMemory(), spyOnMemory()]
  const shop = serve(KoaClass, stores[0].store)
  const injectedBeforeTheSecond = Container.get(Notes)
  const blog = serve(KoaClass, stores[1].store)
  return { apps: [shop, blog], stores, injectedBeforeTheSecond }
}

beforeEach(() => (barrier = new Barrier(1)))
afterEach(() => void Container.reset())

describe.each(Object.entries(KOA_VERSIONS))('%s', (_version, KoaClass) => {
  test("R49, R46: one injected service serves two apps: each request's session rests in its own app's store", async () => {
    const { apps, stores } = twoApps(KoaClass)
    const all = apps.flatMap((app) => Array.from({ length: VISITORS }, () => new Visitor(app)))
    barrier = new Barrier(all.length)
    const answers = await Promise.all(all.map((visitor, index) => visitor.post('/notes', { note: `note ${index}` })))
    expect(answers.map((answer) => answer.json())).toEqual(all.map((_, index) => [`note ${index}`]))
    expect(stores.map(({ records }) => records.size)).toEqual([VISITORS, VISITORS])
  })

  test("R46: a session of one app's is none of the other's", async () => {
    const { apps } = twoApps(KoaClass)
    const visitor = new Visitor(apps[0])
    await visitor.post('/notes', { note: 'in the shop' })
    const elsewhere = new Visitor(apps[1], visitor.jar.copy())
    expect((await elsewhere.get('/notes')).json()).toEqual([])
    expect((await visitor.get('/notes')).json()).toEqual(['in the shop'])
  })

  test('R46: a logout from one app leaves the other one alone', async () => {
    const { apps, stores } = twoApps(KoaClass)
    const visitors = apps.map((app) => new Visitor(app))
    for (const visitor of visitors) await visitor.post('/notes', { note: 'mine' })
    await visitors[0].post('/notes/clear')
    expect(stores.map(({ records }) => records.size)).toEqual([0, 1])
    expect((await visitors[1].get('/notes')).json()).toEqual(['mine'])
  })

  test('R49: a class that got its service before the second app was made serves both apps as well', async () => {
    const { apps, stores, injectedBeforeTheSecond } = twoApps(KoaClass)
    expect(Container.get(Notes)).toBe(injectedBeforeTheSecond)
    await new Visitor(apps[1]).post('/notes', { note: 'in the blog' })
    expect(stores.map(({ records }) => records.size)).toEqual([0, 1])
  })
})

test("R46: a service hears its own app's events only", async () => {
  const heard: string[] = []
  const visit = async (name: string): Promise<void> => {
    const app = createApp()
    useSessions(app, { store: new MemoryStore(), signed: false }).on('missed', () => heard.push(name))
    const visitor = new Visitor(app)
    visitor.jar.values.set('koa.sess', 'unknown')
    await visitor.get('/')
  }
  await visit('shop')
  await visit('blog')
  await everythingElse()
  expect(heard).toEqual(['shop', 'blog'])
})

test('R49: an app without sessions is told so, also where another app of the process has them', async () => {
  useSessions(createApp())
  const bare = createApp()
  const errors: unknown[] = []
  bare.on('error', (error) => errors.push(error))
  bare.use(async (ctx) => {
    await Container.get(SessionService).load(ctx)
  })
  await new Visitor(bare).get('/')
  expect(errors[0]).toBeInstanceOf(SessionError)
  expect(errors[0]).toMatchObject({ code: 'ERR_SESSION_NO_MIDDLEWARE' })
})
