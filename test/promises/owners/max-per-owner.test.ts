import fc from 'fast-check'
import { MemoryStore, session } from 'koa-session-service'
import { handleOf } from '../../../src/session/token'
import { createApp, type Visitor } from '../../support/app/app'
import { contextStoreOver, PlainStore } from '../../support/backends/backends'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { without } from '../../support/spies/intercept'
import { dataOf, newOwner, OwnedApp, storedOwner, type OwnedStore } from '../../support/owners/owned-app'
import { RUNS } from '../../support/races/race'
import { idOf } from '../../support/races/racing-app'
import { ScheduledOwnerStore } from '../../support/races/scheduled-store'
import { onOneClock, skewClocks } from '../../support/owners/skewed-clocks'
import { thrownBy } from '../../support/thrown-by'

// A wait of a random length between two attempts would make an interleaving hard to repeat.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))
jest.setTimeout(300_000)

async function living(visitors: Visitor[]): Promise<Visitor[]> {
  const data = await Promise.all(visitors.map(dataOf))
  return visitors.filter((_visitor, index) => data[index].user !== undefined)
}

/** Until each store's clock is later: that of SQLite tells milliseconds. */
async function aMoment(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 3))
}

describeOnEachStore('at most so many sessions of an owner', (getStore) => {
  it('R68: a sign-in beyond the bound ends the one that signed in first, and the event says so', async () => {
    const site = new OwnedApp({ store: getStore(), maxPerOwner: 2, processes: 2 })
    const alice = newOwner()
    const other = await site.signedIn(newOwner('bob'))
    const first = await site.signedIn(alice)
    await aMoment()
    const second = await site.signedIn(alice, 1)
    await aMoment()
    // Who uses their session last is not who signed in last.
    await first.get('/set/cart')
    const third = await site.signedIn(alice)
    expect(await living([first, second, third, other])).toEqual([second, third, other])
    const ended = await site.eventsOf('revoked')
    expect(ended.map(({ detail: { owner, handle, reason } }) => [owner, handle, reason])).toEqual([
      [alice, handleOf(idOf(first)), 'limit'],
    ])
  })

  it('R90: confirm() counts as no sign-in: who confirms keeps their place', async () => {
    const site = new OwnedApp({ store: getStore(), maxPerOwner: 2 })
    const alice = newOwner()
    const first = await site.signedIn(alice)
    await aMoment()
    const second = await site.signedIn(alice)
    await aMoment()
    await first.get('/confirm')
    await aMoment()
    const third = await site.signedIn(alice)
    expect(await living([first, second, third])).toEqual([second, third])
  })

  it('R68: a session whose time is over does not count, though its record is there', async () => {
    const site = new OwnedApp({ store: getStore() })
    const alice = newOwner()
    await site.signedIn(alice)
    await site.signedIn(alice)
    const bounded = new OwnedApp({ store: getStore(), maxPerOwner: 2, absoluteTimeout: 1000 })
    const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000)
    try {
      const [third, fourth] = [await bounded.signedIn(alice), await bounded.signedIn(alice)]
      expect(await living([third, fourth])).toEqual([third, fourth])
    } finally {
      now.mockRestore()
    }
  })

  it('R68: any number of sign-ins at once leave exactly the newest, and the events name every other', async () => {
    const restore = skewClocks()
    const setting = fc.record({
      count: fc.integer({ min: 1, max: 7 }),
      maxPerOwner: fc.integer({ min: 1, max: 3 }),
      processes: fc.constantFrom(1, 2),
      scheduler: fc.scheduler(),
    })
    try {
      await fc.assert(
        fc.asyncProperty(setting, async ({ count, maxPerOwner, processes, scheduler }) => {
          const store = new ScheduledOwnerStore(onOneClock(getStore() as OwnedStore))
          const site = new OwnedApp({ store, maxPerOwner, processes, skew: 2000 })
          const alice = newOwner()
          const visitors = await store.race(scheduler, () =>
            Promise.all(Array.from({ length: count }, (_, index) => site.signedIn(alice, index))),
          )
          const order = store.calls.filter(({ method }) => method === 'create').map(({ key }) => key)
          const records = await store.listByOwner(storedOwner(alice))
          const left = Math.min(count, maxPerOwner)
          expect(records).toHaveLength(left)
          const alive = await living(visitors)
          expect(alive.map(idOf).sort()).toEqual(records.map(({ key }) => key).sort())
          const told = (await site.eventsOf('revoked')).map(({ detail }) => [detail.handle, detail.reason])
          const ended = order.filter((key) => !records.some((record) => record.key === key))
          expect(told.sort()).toEqual(ended.map((key) => [handleOf(key), 'limit']).sort())
        }),
        { numRuns: RUNS },
      )
    } finally {
      restore()
    }
  })

  it('R68: the newest sessions are those whose sign-in the store saw last, whoever writes first', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const store = new ScheduledOwnerStore(getStore() as OwnedStore)
        const site = new OwnedApp({ store, maxPerOwner: 2, processes: 2 })
        const alice = newOwner()
        const orders: [key: string, order: number][] = []
        const create = store.create.bind(store)
        store.create = (...call) => {
          orders.push([call[0], (call[1]._owned as unknown as number[])[0]])
          return create(...call)
        }
        await store.race(scheduler, () => Promise.all([0, 1, 2, 3, 4].map((index) => site.signedIn(alice, index))))
        const newest = orders.sort(([a, one], [b, other]) => other - one || (a < b ? 1 : -1)).slice(0, 2)
        const records = await store.listByOwner(storedOwner(alice))
        expect(records.map(({ key }) => key).sort()).toEqual(newest.map(([key]) => key).sort())
      }),
      { numRuns: RUNS },
    )
  })
})

describe('a store that does not know owners', () => {
  const owner = (data: { user?: string }) => data.user
  const CODED = { code: 'ERR_SESSION_OPTIONS', message: expect.stringContaining('knows whose sessions it holds') }

  it.each([{ maxPerOwner: 2 }, { device: () => ({}) }])(
    'R66, R68: the option %j is refused at construction, with a plain store and in a cookie',
    (option) => {
      const thrown = (options: object) => thrownBy(() => session({ owner, ...option, ...options }, createApp()))
      expect(thrown({ store: new PlainStore() })).toMatchObject(CODED)
      expect(thrown({ store: without(new MemoryStore(), 'setMark') })).toMatchObject(CODED)
      expect(thrown({})).toMatchObject({ code: 'ERR_SESSION_OPTIONS' })
      expect(thrown({ store: new MemoryStore(), owner: undefined })).toMatchObject({ code: 'ERR_SESSION_OPTIONS' })
    },
  )

  it('R66, R68: the sign-in to a store that a class makes, and that knows no owners, is refused', async () => {
    const options = { ContextStore: contextStoreOver(new PlainStore()), maxPerOwner: 2 }
    const site = new OwnedApp({ ...options })
    const visitor = site.visitor()
    expect((await visitor.get('/set/cart')).status).toBe(500)
    expect(site.errors).toEqual([expect.objectContaining(CODED)])
  })

  it('R66: the verbs of an owner are refused with a store that knows none', async () => {
    const site = new OwnedApp({ store: new PlainStore() })
    const [sessions] = site.services
    await expect(sessions.list({ owner: 'alice' })).rejects.toMatchObject(CODED)
    await expect(sessions.revoke('handle', { owner: 'alice' })).rejects.toMatchObject(CODED)
    await expect(sessions.revokeAll({ owner: 'alice' })).rejects.toMatchObject(CODED)
  })

  it.each([[null], [{}], [Number.NaN], [true], [''], ['x'.repeat(256)], ['a\0b']])(
    'R66: the owner %p is a coded error',
    async (wrong) => {
      const [sessions] = new OwnedApp({ store: new MemoryStore() }).services
      const code = 'ERR_SESSION_BAD_VALUE'
      await expect(sessions.list({ owner: wrong as string })).rejects.toMatchObject({ code })
      await expect(sessions.revoke('handle', { owner: wrong as string })).rejects.toMatchObject({ code })
      await expect(sessions.revokeAll({ owner: wrong as string })).rejects.toMatchObject({ code })
    },
  )

  it('R66: an exception that is no text, and options without an owner, are coded errors', async () => {
    const [sessions] = new OwnedApp({ store: new MemoryStore() }).services
    const except = 7 as unknown as string
    await expect(sessions.revokeAll({ owner: 'alice', except })).rejects.toMatchObject({
      code: 'ERR_SESSION_BAD_VALUE',
    })
    const [others] = new OwnedApp({ store: new MemoryStore(), owner: undefined }).services
    await expect(others.list({ owner: 'alice' })).rejects.toMatchObject({ code: 'ERR_SESSION_OPTIONS' })
  })
})
