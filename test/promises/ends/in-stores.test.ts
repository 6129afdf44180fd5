import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import {
  LayeredStore,
  MemoryStore,
  type EndStore,
  type SessionOptions,
  type SessionRecord,
  type Store,
} from 'koa-session-service'
import { CookieJar, Visitor } from '../../support/app/app'
import { PlainStore } from '../../support/backends/backends'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import type { OwnedStore } from '../../support/owners/owned-app'
import { RUNS } from '../../support/races/race'
import { ScheduledOwnerStore } from '../../support/races/scheduled-store'
import { createSite, nextTurn, type Handlers, type Site } from '../../support/app/site'

// A wait of a random length between two attempts would make an interleaving hard to repeat.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))

type Data = { user?: string; org?: string }

const owner = (data: Data): string | undefined => data.user
const by = ({ org }: Data): string[] => (org === undefined ? [] : [`org:${org}`])

/** A process: a service on a store of sessions, and one of ends. */
function open(store: Store, ends: Partial<SessionOptions['ends']> & object, options: SessionOptions = {}): Site {
  const handlers: Handlers = {
    '/in': (ctx) => void Object.assign(ctx.session, { user: ctx.query.user, org: ctx.query.org }),
    '/set': (ctx) => void (ctx.session.cart = ctx.query.cart),
    '/join': (ctx) => void (ctx.session.org = ctx.query.org),
    '/who': (ctx) => void (ctx.body = String((ctx.session as Data).user ?? '')),
    '/all': (ctx) => site.sessions.end('*', { except: 'current' }, ctx),
    '/others': (ctx) => site.sessions.revokeOthers(ctx),
    '/end': (ctx) => site.sessions.end(String(ctx.query.key), ctx),
    '/renew': (ctx) => site.sessions.regenerate(ctx),
  }
  const site: Site = createSite({ owner, ...options, store, ends: { by, ...ends } } as SessionOptions, handlers)
  return site
}

const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50))

const who = async (visitor: Visitor): Promise<string> => (await visitor.get('/who')).body

async function signIn({ app }: Site, user: string, org: string): Promise<Visitor> {
  const visitor = new Visitor(app, new CookieJar())
  await visitor.get(`/in?user=${user}&org=${org}`)
  return visitor
}

/** The same browser at another process. */
const at = ({ app }: Site, { jar }: Visitor): Visitor => new Visitor(app, jar.copy())

async function told(...sites: Site[]): Promise<Record<string, unknown>[]> {
  await nextTurn()
  const all = sites.flatMap(({ events }) => events.filter(({ name }) => name === 'ended'))
  return all.map(({ detail: { ctx: _ctx, ...detail } }) => detail)
}

describeOnEachStore('sessions in a store, with the option ends', (getStore) => {
  const getOwned = (): OwnedStore & EndStore => getStore() as OwnedStore & EndStore
  /** Nobody else's. */
  let ann: string
  let bob: string
  let org: string
  beforeEach(() => {
    const own = randomUUID().slice(0, 8)
    ;[ann, bob, org] = [`ann-${own}`, `bob-${own}`, own]
  })

  /** Two processes. */
  function openTwo(options: SessionOptions = {}): [Site, Site] {
    const process = (): Site => open(getStore(), { store: getOwned(), scope: `of-${org}` }, options)
    return [process(), process()]
  }

  it('R107: R112: the end of a key ends every session in a store that carries it; who opens one removes it, and tells so', async () => {
    const [here, there] = openTwo()
    const visitor = await signIn(here, ann, org)
    const other = await signIn(here, bob, 'another')
    const [{ handle }] = await there.sessions.list({ owner: ann })
    expect(await there.sessions.end(`org:${org}`)).toBeUndefined()
    expect(await here.sessions.list({ owner: ann })).toEqual([])
    await Promise.all([who(visitor), who(at(here, visitor)), who(at(there, visitor))])
    expect(await told(there, here)).toEqual([
      { reason: 'key', key: `org:${org}` },
      { reason: 'key', session: handle.slice(0, 8), owner: ann, handle },
    ])
    expect([await who(visitor), await who(other)]).toEqual(['', bob])
    expect(await who(await signIn(there, ann, org))).toBe(ann)
  })

  it('R107: the end of everybody spares the session that asks, in each of its requests, and later sign-ins', async () => {
    const [here, there] = openTwo()
    const [visitor, other] = [await signIn(here, ann, org), await signIn(there, bob, org)]
    await Promise.all([visitor.get('/all'), at(there, visitor).get('/set?cart=tea')])
    expect(await who(visitor)).toBe(ann)
    expect(await who(at(there, visitor))).toBe(ann)
    expect(await who(other)).toBe('')
    expect(await who(await signIn(here, bob, org))).toBe(bob)
    await visitor.get('/renew')
    expect(await who(visitor)).toBe(ann)
  })

  it('R107: R112: the sessions of an account that the index lists are removed at once at its end, and counted', async () => {
    const [here] = openTwo()
    const visitors = [await signIn(here, ann, org), await signIn(here, ann, org)]
    expect(await here.sessions.end(`owner:${ann}`)).toBe(2)
    expect((await told(here)).map(({ reason }) => reason).sort()).toEqual(['all', 'all', 'key'])
    for (const visitor of visitors) expect(await who(visitor)).toBe('')
    expect(await told(here)).toHaveLength(3)
    const again = await signIn(here, ann, org)
    await signIn(here, ann, org)
    expect(await here.sessions.revokeAll({ owner: ann, except: 'none', everywhere: true })).toBe(2)
    expect(await who(again)).toBe('')
  })

  it('R107: the end of an account spares the session that is named by its handle, or that asks', async () => {
    const [here, there] = openTwo()
    const [kept, other] = [await signIn(here, ann, org), await signIn(here, ann, org)]
    const handle = (await here.sessions.list({ owner: ann })).at(-1)?.handle as string
    expect(await there.sessions.revokeAll({ owner: ann, except: handle })).toBe(1)
    expect([await who(kept), await who(other)].sort()).toEqual(['', ann])
    const asker = await signIn(here, ann, org)
    await asker.get('/others')
    expect([await who(asker), await who(kept)]).toEqual([ann, ''])
  })

  it('R107: a visitor who ends a key of their own session in a store is signed out, and told with it', async () => {
    const [here] = openTwo()
    const visitor = await signIn(here, ann, org)
    await visitor.get(`/end?key=org:${org}`)
    expect(visitor.jar.values.size).toBe(0)
    expect(await told(here)).toMatchObject([
      { reason: 'key', key: `org:${org}` },
      { reason: 'key', owner: ann },
    ])
  })

  it('R107: an end for later ones too refuses a sign-in to a store that comes after it', async () => {
    const [here] = openTwo()
    await here.sessions.end(`org:${org}`, { later: true })
    expect(await who(await signIn(here, ann, org))).toBe('')
    await here.sessions.end(`owner:${bob}`, { later: true })
    expect(await who(await signIn(here, bob, 'another'))).toBe('')
  })

  it('R107: a session in a store that takes a key carries it from then on', async () => {
    const [here] = openTwo()
    const visitor = await signIn(here, ann, 'another')
    await here.sessions.end(`org:${org}`)
    await visitor.get(`/join?org=${org}`)
    expect(await who(visitor)).toBe(ann)
    await here.sessions.end(`org:${org}`)
    expect(await who(visitor)).toBe('')
  })

  it('R107: a held session ends at once with a key that another request has given it meanwhile', async () => {
    const [here] = openTwo({ recheckEvery: 60_000 })
    const visitor = await signIn(here, 'ann', 'none')
    const held = await here.sessions.open({ headers: { cookie: visitor.jar.header } })
    const aborted = once(held?.signal as AbortSignal, 'abort')
    // Nobody looks at the record any more, nor when it is written.
    await quiet()
    await visitor.get(`/join?org=${org}`)
    await quiet()
    await here.sessions.end(`org:${org}`)
    await aborted
    expect(held?.signal.reason).toMatchObject({ code: 'ERR_SESSION_ENDED' })
  })

  it('R107: a held session, and a signal, end with a key, and no verb of theirs writes after it', async () => {
    const [here, there] = openTwo({ recheckEvery: 20 })
    const visitor = await signIn(here, ann, org)
    const held = await here.sessions.open({ headers: { cookie: visitor.jar.header } })
    const aborted = once(held?.signal as AbortSignal, 'abort')
    await there.sessions.end(`org:${org}`)
    await aborted
    expect(await held?.update((data) => Object.assign(data, { cart: 'tea' }))).toBeNull()
    expect((await told(here, there)).map(({ owner: whose }) => whose)).toEqual(expect.arrayContaining([ann]))
    expect(await here.sessions.open({ headers: { cookie: visitor.jar.header } })).toBeUndefined()
  })

  it('R109: a record from before there were ends is accepted, until one of its keys is ended', async () => {
    const [here] = openTwo()
    const before = createSite({ owner, store: getStore() } as SessionOptions, {
      '/in': (ctx) => void Object.assign(ctx.session, { user: ann, org }),
    })
    await before.visitor.get('/in')
    const visitor = at(here, before.visitor)
    expect(await who(visitor)).toBe(ann)
    await visitor.get('/set?cart=tea')
    expect(await who(visitor)).toBe(ann)
    await here.sessions.end(`org:${org}`)
    expect(await who(visitor)).toBe('')
  })

  it('R107: a sign-in of which a step fails leaves the session as it was, with when it began', async () => {
    const [here] = openTwo()
    await here.sessions.end('*')
    const visitor = await signIn(here, ann, org)
    let looks = 0
    const readMark = (name: string): unknown => {
      if (looks++ > 0) throw new Error('down')
      return getOwned().readMark(name)
    }
    const bound = new Proxy(getStore(), {
      get: (target, name) => {
        if (name === 'readMark') return readMark
        const own = Reflect.get(target, name) as unknown
        return typeof own === 'function' ? (own.bind(target) as unknown) : own
      },
    })
    const there = open(bound, { store: getOwned(), scope: `of-${org}` })
    expect((await at(there, visitor).get(`/in?user=${bob}&org=${org}`)).status).toBe(503)
    expect(await who(visitor)).toBe(ann)
  })

  it('R107: a sign-in that comes after an end lives, whatever an earlier one of the same browser does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.boolean(), fc.nat(5), async (scheduler, isAnonymous, steps) => {
        const scheduled = new ScheduledOwnerStore(getOwned())
        const scope = `of-${randomUUID()}`
        const here = open(scheduled, { store: getOwned(), scope })
        if (isAnonymous) await here.visitor.get('/set?cart=tea')
        const [early, late] = [at(here, here.visitor), at(here, here.visitor)]
        const path = `/in?user=${ann}&org=${org}`
        let status = 0
        await scheduled.race(scheduler, () =>
          Promise.all([
            early.get(path),
            (async () => {
              // The first one is on its way meanwhile.
              for (let step = 0; step < steps; step++) await scheduled.listByOwner('nobody')
              await here.sessions.end(`org:${org}`)
              status = (await late.get(path)).status
            })(),
          ]),
        )
        if (status !== 503) expect([status, await who(late)]).toEqual([200, ann])
      }),
      { numRuns: RUNS },
    )
  })
})

describe('a session in a store, with ends', () => {
  it('R107: a cache in front of the store shows no session that has ended elsewhere', async () => {
    const shared = new MemoryStore()
    const ends = new MemoryStore()
    const process = (): Site => open(new LayeredStore(shared, { maxStale: 600_000 }), { store: ends })
    const [here, there] = [process(), process()]
    const visitor = await signIn(here, 'ann', '42')
    const copy = at(there, visitor)
    expect(await who(copy)).toBe('ann')
    await here.sessions.end('org:42')
    expect(await who(copy)).toBe('')
    await signIn(here, 'ann', '42')
    const next = at(there, await signIn(here, 'ann', '42'))
    expect(await who(next)).toBe('ann')
    expect(await here.sessions.revokeAll({ owner: 'ann', everywhere: true })).toBe(2)
    expect(await who(next)).toBe('')
  })

  it('R107: R112: sessions in a store that knows get, set and destroy alone end with their keys, and are told of', async () => {
    const ends = new MemoryStore()
    const records = new PlainStore()
    const here = open(records, { store: ends })
    const [visitor, other] = [await signIn(here, 'ann', '42'), await signIn(here, 'bob', '42')]
    await visitor.get('/all')
    for (let count = 0; count < 2; count++) {
      await visitor.get('/renew')
      expect(await who(visitor)).toBe('ann')
    }
    expect(await who(other)).toBe('')
    expect(await here.sessions.revokeAll({ owner: 'ann' })).toBeUndefined()
    expect(await who(visitor)).toBe('')
    expect((await told(here)).map(({ reason, owner: whose }) => [reason, whose])).toEqual([
      ['key', undefined],
      ['key', 'bob'],
      ['all', 'ann'],
      ['key', 'ann'],
    ])
  })

  it('R111: the record of a session says when it began, and nothing else more than without the option ends', async () => {
    const written: SessionRecord[] = []
    class Seen extends MemoryStore {
      override create(...given: Parameters<MemoryStore['create']>): ReturnType<MemoryStore['create']> {
        written.push(given[1])
        return super.create(...given)
      }
    }
    await signIn(open(new Seen(), { store: new MemoryStore() }), 'ann', '42')
    const without = createSite({ owner, store: new Seen() } as SessionOptions, {
      '/in': (ctx) => void Object.assign(ctx.session, { user: 'ann', org: '42' }),
    })
    await without.visitor.get('/in')
    const [one, other] = written.map((record) => Object.keys(record).sort())
    expect(one).toEqual([...other, '_since'].sort())
  })

  it('R110: a visitor with a session gets a 503 where the store of ends is down; with accept, memory counts', async () => {
    for (const onError of ['refuse', 'accept'] as const) {
      const ends = new MemoryStore()
      const here = open(new MemoryStore(), { store: ends, onError })
      const visitor = await signIn(here, 'ann', '42')
      await who(visitor)
      jest.spyOn(ends, 'readEnds').mockImplementation(() => {
        throw new Error('down')
      })
      expect((await visitor.get('/who')).status).toBe(onError === 'refuse' ? 503 : 200)
    }
  })

  it('R112: a session that began in a store of ends that is no more is removed, and told as lost', async () => {
    let ends: EndStore = new MemoryStore()
    const here = open(new MemoryStore(), {
      store: { readEnds: (...given) => ends.readEnds(...given), setEnd: (...given) => ends.setEnd(...given) },
    })
    const visitor = await signIn(here, 'ann', '42')
    await new Promise((resolve) => setTimeout(resolve, 2))
    ends = new MemoryStore()
    expect(await who(visitor)).toBe('')
    expect(await told(here)).toMatchObject([{ reason: 'lost' }, { reason: 'lost', owner: 'ann' }])
  })
})
