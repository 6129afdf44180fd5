import type { Context } from 'koa'
import { LayeredStore, type SessionOptions, type SessionService, type Store } from 'koa-session-service'
import { Visitor } from '../../support/app/app'
import { createGate } from '../../support/races/gate'
import { inTime } from '../../support/races/in-time'
import { createSite, sessionOf, type Handlers, type Site } from '../../support/app/site'
import { spyOnMemory, type StoreSpy } from '../../support/spies/spy-on'

type SharedStore = ReturnType<typeof spyOnMemory>['store']

type Beside = (sessions: SessionService, ctx: Context) => unknown

/** How many ticks later the second verb begins, at most: by then the first one waits for the store. */
const TICKS = 12

const STORES: { name: string; wrap: (store: SharedStore) => Store }[] = [
  { name: 'a store that answers later', wrap: (store) => store },
  { name: 'LayeredStore', wrap: (store) => new LayeredStore(store, { maxStale: 60_000 }) },
]

const OWNED: SessionOptions = { owner: ({ user }) => user as string }

/** What stands beside a change: it meets the conflict that the change was to meet. */
const BESIDE: { name: string; beside: Beside; options?: SessionOptions }[] = [
  { name: 'save()', beside: (sessions, ctx) => sessions.save(ctx) },
  { name: 'session.save()', beside: (_sessions, ctx) => ctx.session.save() },
  { name: 'touch()', beside: (sessions, ctx) => sessions.touch(ctx) },
  {
    name: 'touch() of a changed session',
    beside: (sessions, ctx) => {
      ctx.session.other = true
      return sessions.touch(ctx)
    },
  },
  { name: 'take() of another key', beside: (sessions, ctx) => sessions.take('page', ctx) },
  { name: 'another update()', beside: (sessions, ctx) => sessions.update((data) => (data.other = true), ctx) },
  { name: 'regenerate(), with owner', beside: (sessions, ctx) => sessions.regenerate({}, ctx), options: OWNED },
  { name: 'confirm()', beside: (sessions, ctx) => sessions.confirm({}, ctx), options: OWNED },
]

const increment = (data: Record<string, unknown>): void => void (data.n = Number(data.n ?? 0) + 1)

/** A visitor with a session, in two processes that share a store. */
async function open(wrap: (store: SharedStore) => Store, options: SessionOptions, handlers: Handlers) {
  const { store, records, before } = spyOnMemory()
  const seed = { user: 'ann', n: 0, state: 'for one', page: '/home' }
  const common: Handlers = { '/seed': (ctx) => (ctx.session = { ...seed }) }
  const mine: Site = createSite({ ...options, store: wrap(store) }, { ...common, ...handlers })
  const rival: Site = createSite(
    { ...options, store: records },
    {
      '/count': (ctx) => rival.sessions.update(increment, ctx),
      '/take': async (ctx) => void (ctx.body = { taken: await rival.sessions.take('state', ctx) }),
    },
  )
  await mine.visitor.get('/seed')
  const visit = (site: Site, path: string) => new Visitor(site.app, mine.visitor.jar.copy()).get(path)
  const record = (): Record<string, unknown> => {
    const [id] = String(mine.visitor.jar.values.get('koa.sess')).split('~')
    return records.read(id)?.record as Record<string, unknown>
  }
  return { before, mine, rival, visit, record }
}

/** Calls back once, before the first write of a race. */
function beforeFirstWrite({ before }: Pick<StoreSpy, 'before'>, work: () => unknown): void {
  let isArmed = true
  before(async ({ method }) => {
    if (!isArmed || method !== 'replace') return
    isArmed = false
    await work()
  })
}

async function ticks(count: number): Promise<void> {
  for (let tick = 0; tick < count; tick++) await Promise.resolve()
}

describe.each(STORES)('two verbs of one request, on $name', ({ wrap }) => {
  it.each(BESIDE)(
    'R83: $name, begun while update() is writing, is answered beside a conflict, and so are update() and later requests',
    async ({ beside, options = {} }) => {
      const writing = createGate()
      const site = await open(wrap, options, {
        '/two': async (ctx) => {
          const first = site.mine.sessions.update(increment, ctx)
          await writing.reached
          await Promise.all([first, beside(site.mine.sessions, ctx)])
        },
        '/count': (ctx) => site.mine.sessions.update(increment, ctx),
      })
      beforeFirstWrite(site, writing.pass)
      const two = site.visit(site.mine, '/two')
      await writing.reached
      await site.visit(site.rival, '/count')
      writing.open()
      const { status, setCookie } = await inTime(two)
      expect(status).toBe(200)
      site.mine.visitor.jar.accept(setCookie)
      // A lock that is held for ever is met where there is a conflict again.
      beforeFirstWrite(site, () => site.visit(site.rival, '/count'))
      expect((await inTime(site.visit(site.mine, '/count'))).status).toBe(200)
      expect(site.record().n).toBe(4)
    },
  )

  it.each(BESIDE)(
    'R83: update(n++) counts, and so does that of another request, where $name meets the conflict',
    async ({ beside, options = {} }) => {
      for (let later = 0; later < TICKS; later++) {
        const site = await open(wrap, options, {
          '/two': async (ctx) => {
            const first = site.mine.sessions.update(increment, ctx)
            await ticks(later)
            await Promise.all([first, beside(site.mine.sessions, ctx)])
          },
        })
        beforeFirstWrite(site, () => site.visit(site.rival, '/count'))
        const { status } = await inTime(site.visit(site.mine, '/two'))
        expect({ later, status, n: site.record().n }).toEqual({ later, status: 200, n: 2 })
      }
    },
  )

  it.each(BESIDE)(
    'R83: update(n++) whose function takes its time counts where $name meets the conflict',
    async ({ beside, options = {} }) => {
      const site = await open(wrap, options, {
        '/two': async (ctx) => {
          const changing = createGate()
          const first = site.mine.sessions.update(async (data) => {
            await changing.pass()
            increment(data)
          }, ctx)
          await changing.reached
          await site.visit(site.rival, '/count')
          await beside(site.mine.sessions, ctx)
          changing.open()
          await first
        },
      })
      expect((await inTime(site.visit(site.mine, '/two'))).status).toBe(200)
      expect(site.record().n).toBe(2)
    },
  )

  it.each(BESIDE)(
    'R83: take() gives a value to one request, where $name beside it meets the conflict',
    async ({ beside, options = {} }) => {
      for (let later = 0; later < TICKS; later++) {
        let taken: unknown
        const site = await open(wrap, options, {
          '/two': async (ctx) => {
            const first = site.mine.sessions.take('state', ctx)
            await ticks(later)
            const [value] = await Promise.all([first, beside(site.mine.sessions, ctx)])
            ctx.body = { taken: value }
          },
        })
        beforeFirstWrite(site, async () => {
          taken = (await site.visit(site.rival, '/take')).json<{ taken?: unknown }>().taken
        })
        const mine = (await inTime(site.visit(site.mine, '/two'))).json<{ taken?: unknown }>().taken
        expect({ later, takers: [mine, taken].filter((value) => value === 'for one').length }).toEqual({
          later,
          takers: 1,
        })
        expect(site.record()).not.toHaveProperty('state')
      }
    },
  )

  it('R83: an update() that nobody awaits is answered and counted, where the end of the request meets the conflict', async () => {
    for (let later = 0; later < TICKS; later++) {
      const site = await open(
        wrap,
        {},
        {
          '/two': async (ctx) => {
            void site.mine.sessions.update(increment, ctx)
            await ticks(later)
            ctx.session.other = true
          },
        },
      )
      beforeFirstWrite(site, () => site.visit(site.rival, '/count'))
      const { status } = await inTime(site.visit(site.mine, '/two'))
      expect({ later, status, ...site.record() }).toMatchObject({ later, status: 200, n: 2, other: true })
      expect(await sessionOf(new Visitor(site.rival.app, site.mine.visitor.jar.copy()))).toMatchObject({ n: 2 })
    }
  })
})
