import { setTimeout } from 'node:timers/promises'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import { MemoryStore, type EndStore, type SessionOptions } from 'koa-session-service'
import { createSite, sessionOf, type Handlers, type Site } from '../../support/app/site'
import { Visitor } from '../../support/app/app'
import { openSqlite, type TestDatabase } from '../../support/backends/databases'
import { CountingBus } from '../../support/spies/counting-bus'

const owner: SessionOptions['owner'] = (data) => (data as { user?: string }).user
const handlers: Handlers = {
  '/in': (ctx) => void (ctx.session.user = 'ann'),
  '/cart': (ctx) => void (ctx.session.cart = ctx.query.with),
  '/out': (ctx) => void (ctx.session = null),
}

/** A store of ends that can fail, be lost, and go back; and knows what it was asked. */
class FickleEnds implements EndStore {
  isDown = false
  losesAnswers = false
  reads = 0
  store: EndStore = new MemoryStore()

  readEnds(...given: Parameters<EndStore['readEnds']>): ReturnType<EndStore['readEnds']> {
    this.reads++
    return this.#call(() => this.store.readEnds(...given))
  }

  setEnd(...given: Parameters<EndStore['setEnd']>): ReturnType<EndStore['setEnd']> {
    return this.#call(() => this.store.setEnd(...given))
  }

  async #call<T>(work: () => T): Promise<Awaited<T>> {
    if (this.isDown) throw new Error('down')
    const answer = await work()
    if (this.losesAnswers) throw new Error('lost')
    return answer
  }
}

interface Process extends Site {
  ends: FickleEnds
}

function open(
  options: Partial<SessionOptions['ends']> = {},
  more: SessionOptions = {},
  ends = new FickleEnds(),
): Process {
  const site = createSite({ owner, ...more, ends: { ...options, store: ends } }, handlers)
  return { ...site, ends }
}

/** The same browser at another process. */
function at({ app }: Process, { visitor }: Site): Visitor {
  return new Visitor(app, visitor.jar.copy())
}

const reasonsOf = ({ events }: Site): unknown[] =>
  events.filter(({ name }) => name === 'ended').map(({ detail }) => detail.reason)

describe('a store of ends that is down', () => {
  it('R110: a store of ends that is down is a 503 for a session and a sign-in; whoever has no session goes on', async () => {
    const here = open()
    await here.visitor.get('/in')
    here.ends.isDown = true
    expect((await here.visitor.get('/')).status).toBe(503)
    const other = new Visitor(here.app)
    expect((await other.get('/')).status).toBe(200)
    const { status, setCookie } = await other.get('/in')
    expect([status, setCookie]).toEqual([503, []])
    here.ends.isDown = false
    expect(await sessionOf(here.visitor)).toMatchObject({ user: 'ann' })
  })

  it('R110: a process whose store of ends is down goes on by what it knows with accept, and reports', async () => {
    const here = open({ onError: 'accept' })
    await here.visitor.get('/in')
    await here.visitor.get('/')
    here.ends.isDown = true
    expect(await sessionOf(here.visitor)).toMatchObject({ user: 'ann' })
    expect((await new Visitor(here.app).get('/in')).status).toBe(200)
    expect(await here.eventNames()).toContain('error')
  })

  it('R110: a logout clears the cookie though the store of ends is down, and is a 503, or an event', async () => {
    for (const onError of ['refuse', 'accept'] as const) {
      const here = open({ onError })
      await here.visitor.get('/in')
      const ending = jest.spyOn(here.ends, 'setEnd').mockImplementation(() => {
        throw new Error('down')
      })
      const { status } = await here.visitor.get('/out')
      expect([onError, status]).toEqual([onError, onError === 'refuse' ? 503 : 200])
      expect(here.visitor.jar.values.size).toBe(0)
      if (onError === 'refuse') expect(here.errors).toMatchObject([{ code: 'ERR_SESSION_STORE' }])
      else expect(await here.eventNames()).toContain('error')
      ending.mockRestore()
    }
  })

  it('R110: an end whose answer from the store of ends was lost holds', async () => {
    const here = open()
    await here.visitor.get('/in')
    const copy = at(here, here)
    const read = here.ends.store.readEnds.bind(here.ends.store)
    jest.spyOn(here.ends, 'readEnds').mockImplementation((...given) => read(...given))
    here.ends.losesAnswers = true
    expect((await here.visitor.get('/out')).status).toBe(503)
    here.ends.losesAnswers = false
    expect(await sessionOf(copy)).toEqual({})
  })
})

describe('a store of ends that is not what it was', () => {
  it('R110: a store of ends that was lost opens nothing from before, and a visitor who signs in after it lives', async () => {
    const here = open()
    await here.visitor.get('/in')
    // Positions go by the clock: a store that is made in the millisecond of the sign-in could not tell.
    await setTimeout(5)
    here.ends.store = new MemoryStore()
    expect(await sessionOf(here.visitor)).toEqual({})
    await here.visitor.get('/in')
    expect(await sessionOf(here.visitor)).toMatchObject({ user: 'ann' })
    await here.eventNames()
    expect(reasonsOf(here)).toEqual(['lost'])
  })

  it('R112: a store of ends that was lost is told once, of two processes that find it at once', async () => {
    const ends = new FickleEnds()
    const [here, there] = [open({}, {}, ends), open({}, {}, ends)]
    await here.visitor.get('/in')
    const copy = at(there, here)
    await sessionOf(copy)
    ends.store = new MemoryStore()
    await Promise.all([sessionOf(copy), sessionOf(here.visitor), sessionOf(at(there, here))])
    await Promise.all([here.eventNames(), there.eventNames()])
    expect([...reasonsOf(here), ...reasonsOf(there)]).toEqual(['lost'])
  })

  it('R110: a store of ends that has gone back ends everybody once, also where two processes find it', async () => {
    const database = openSqlite()
    await createSessionTable(database.db)
    const ends = new FickleEnds()
    ends.store = new KyselyStore(database.db)
    const [here, there] = [open({}, {}, ends), open({}, {}, ends)]
    // An earlier end of everybody is no reason to leave it at that.
    await here.sessions.end('*')
    await setTimeout(5)
    await here.visitor.get('/in')
    const copy = at(there, here)
    await sessionOf(copy)
    const bringBack = await backUp(database)
    await here.visitor.get('/out')
    // Both processes know of the end.
    await here.visitor.get('/in')
    await sessionOf(at(there, here))
    await bringBack()
    expect(await sessionOf(copy)).toEqual({})
    // In the millisecond of that end, nobody could say whether a sign-in came before it: it would be a 503.
    await setTimeout(5)
    await here.visitor.get('/in')
    await sessionOf(at(there, here))
    await sessionOf(at(here, here))
    expect(await sessionOf(here.visitor)).toMatchObject({ user: 'ann' })
    await Promise.all([here.eventNames(), there.eventNames()])
    expect([...reasonsOf(here), ...reasonsOf(there)].filter((reason) => reason === 'lost')).toEqual(['lost'])
    await database.stop()
  })

  it('R110: a cookie that began in another store of ends is void, and ends nobody else', async () => {
    const staging = open()
    await staging.sessions.end('org:1')
    await staging.visitor.get('/in')
    const here = open()
    jest.spyOn(here.ends, 'readEnds').mockImplementationOnce(async (...given) => {
      const answer = await here.ends.store.readEnds(...given)
      return { ...answer, born: 1, last: { position: 1, key: '' } }
    })
    expect(await sessionOf(at(here, staging))).toEqual({})
    await here.visitor.get('/in')
    expect(await sessionOf(here.visitor)).toMatchObject({ user: 'ann' })
  })
})

describe('how long an end is kept', () => {
  const HOUR = 3_600_000
  const DAY = 24 * HOUR
  /** Notes how long ends are kept that are set from now on. */
  function livesIn(ends: FickleEnds): number[] {
    const lives: number[] = []
    const set = ends.setEnd.bind(ends)
    jest.spyOn(ends, 'setEnd').mockImplementation((key, given) => (lives.push(given.life), set(key, given)))
    return lives
  }

  it.each<[title: string, options: SessionOptions, life: number]>([
    ['as long as a session lives', { maxAge: 2 * HOUR }, 2 * HOUR],
    ['a day for sessions until the browser is closed', { maxAge: 'session' }, DAY],
    ['no longer than the absolute timeout', { maxAge: 2 * HOUR, absoluteTimeout: HOUR }, HOUR],
  ])('R111: an end is kept %s, and maxStale and an hour more', async (_title, options, life) => {
    const here = open({ maxStale: 5000 }, options)
    const lives = livesIn(here.ends)
    await here.sessions.end('owner:ann')
    const [kept] = lives
    expect(kept).toBeGreaterThanOrEqual(life + HOUR + 5000)
    expect(kept).toBeLessThanOrEqual(life + HOUR + 5000 + 10_000)
  })

  it('R108: an end is kept 400 days once a request in any process has given a session a longer life of its own', async () => {
    const ends = new FickleEnds()
    const stay: Handlers = { '/stay': (ctx) => void (ctx.session.maxAge = 30 * DAY) }
    const sites = [0, 1].map(() => createSite({ owner, maxAge: HOUR, ends: { store: ends } }, { ...handlers, ...stay }))
    await sites[0].visitor.get('/in')
    await sites[0].visitor.get('/stay')
    const lives = livesIn(ends)
    await sites[1].sessions.end('owner:ann')
    expect(lives).toEqual([400 * DAY + HOUR])
    // A process that knows of it does not ask again.
    const reading = jest.spyOn(ends, 'readEnds')
    await sites[0].visitor.get('/in')
    await sites[0].visitor.get('/stay')
    expect(reading.mock.calls.filter(([, how]) => how === undefined)).toEqual([])
    // A store that has lost all is told again.
    ends.store = new MemoryStore()
    await sites[0].visitor.get('/')
    await sites[0].visitor.get('/in')
    jest.spyOn(ends, 'setEnd').mockImplementationOnce(() => Promise.reject(new Error('down')))
    expect((await sites[0].visitor.get('/stay')).status).toBe(503)
    await sites[0].visitor.get('/stay')
    await sites[1].sessions.end('owner:ann')
    expect(lives.at(-1)).toBe(400 * DAY + HOUR)
  })
})

describe('a process that remembers', () => {
  function openTwo(maxStale = 600_000): { here: Process; there: Process; bus: CountingBus } {
    const ends = new FickleEnds()
    const bus = new CountingBus()
    return { here: open({ maxStale }, { bus }, ends), there: open({ maxStale }, { bus }, ends), bus }
  }

  it('R111: a process that remembers ends asks nobody for a session that it knows', async () => {
    const { here } = openTwo()
    await here.visitor.get('/in')
    await here.visitor.get('/')
    const { reads } = here.ends
    for (let index = 0; index < 5; index++) expect(await sessionOf(here.visitor)).toMatchObject({ user: 'ann' })
    expect(here.ends.reads).toBe(reads)
  })

  it('R108: a process that remembers ends hears of a logout in another process at once', async () => {
    const { here, there, bus } = openTwo()
    await here.visitor.get('/in')
    const copy = at(there, here)
    await sessionOf(copy)
    await here.visitor.get('/out')
    expect(await sessionOf(copy)).toEqual({})
    expect(bus.messages).toMatchObject([{ kind: 'key', position: expect.any(Number) as number }])
    expect(JSON.stringify(bus.messages)).not.toContain('ann')
  })

  it('R110: a process that remembers ends asks again once a message is missing, or may be', async () => {
    const { here, there, bus } = openTwo()
    await here.visitor.get('/in')
    const copy = at(there, here)
    await sessionOf(copy)
    bus.isDeaf = true
    await here.visitor.get('/out')
    expect(await sessionOf(copy)).toMatchObject({ user: 'ann' })
    bus.isDeaf = false
    await here.sessions.end('org:1')
    expect(await sessionOf(copy)).toEqual({})
    await here.visitor.get('/in')
    const next = at(there, here)
    await sessionOf(next)
    bus.isDeaf = true
    await here.visitor.get('/out')
    bus.isDeaf = false
    bus.publish({ kind: 'lost' })
    expect(await sessionOf(next)).toEqual({})
  })

  it('R107: end({ everywhere }) answers when no process can open what was ended, though it heard of nothing', async () => {
    const { here, there, bus } = openTwo(80)
    await here.visitor.get('/in')
    const copy = at(there, here)
    await sessionOf(copy)
    bus.isDeaf = true
    await here.sessions.end('owner:ann', { everywhere: true })
    expect(await sessionOf(copy)).toEqual({})
  })
})

/** Remembers what a database holds of ends; what is returned brings that back. */
async function backUp({ db }: TestDatabase): Promise<() => Promise<void>> {
  const tables = ['sessions_ends', 'sessions_ends_log']
  const rows = await Promise.all(tables.map((table) => db.selectFrom(table).selectAll().execute()))
  return async () => {
    for (const [index, table] of tables.entries()) {
      await db.deleteFrom(table).execute()
      await db.insertInto(table).values(rows[index]).execute()
    }
  }
}
