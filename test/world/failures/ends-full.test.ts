import { Redis } from 'ioredis'
import type { SessionError, SessionOptions } from 'koa-session-service'
import { RedisStore } from 'koa-session-service/redis'
import { Visitor } from '../../support/app/app'
import { createSite, nextTurn, type Site } from '../../support/app/site'
import { hasRedis, startRedisNode } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import type { ServerProcess } from '../../support/backends/server-process'

/** Steps of a campaign on a server that is nearly full; `ENDS_STEPS` makes more. */
const STEPS = Number(process.env.ENDS_STEPS ?? 400)
const LONG = 24 * 60 * 60 * 1000
const FULL = 1

interface Data {
  user?: string
  org?: string
}
type Where = 'cookies' | 'the store'
type OnError = 'refuse' | 'accept'

/** What is answered, whether the asker's browser is signed in still, and which of those who were signed in live. */
interface Outcome {
  status: number
  keepsCookie: boolean
  live: string[]
}

let server: ServerProcess
let redis: Redis
let count = 0

/** A process on the Redis; each `prefix` is a service of its own. */
function open(where: Where, onError: OnError, prefix: string, more: Partial<SessionOptions['ends']> = {}): Site {
  const store = new RedisStore(redis, { prefix })
  const options = {
    owner: (data: Data) => data.user,
    ...(where === 'the store' && { store }),
    ends: { store, onError, by: ({ org }: Data) => (org === undefined ? [] : [`org:${org}`]), ...more },
  }
  const site: Site = createSite(options as unknown as SessionOptions, {
    '/in': (ctx) => void Object.assign(ctx.session, { user: ctx.query.user, org: ctx.query.org }),
    '/who': (ctx) => void (ctx.body = String((ctx.session as Data).user ?? '')),
    '/out': (ctx) => void (ctx.session = null),
    '/end': (ctx) => site.sessions.end(String(ctx.query.key), ctx),
    '/all': (ctx) => site.sessions.end('*', { except: 'current' }, ctx),
    '/revoke': (ctx) => site.sessions.revokeAll(ctx),
    '/others': (ctx) => site.sessions.revokeOthers(ctx),
    '/renew': (ctx) => site.sessions.regenerate(ctx),
  })
  return site
}

const newPrefix = (): string => `full-${count++}:`
const usedMemory = async (): Promise<number> => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1])
const setMemory = async (bytes: number): Promise<unknown> => redis.config('SET', 'maxmemory', String(bytes))

async function signIn({ app }: Site, user: string, org: string): Promise<Visitor> {
  const visitor = new Visitor(app)
  const { status } = await visitor.get(`/in?user=${user}&org=${org}`)
  expect(status).toBe(200)
  return visitor
}

const isSignedIn = async ({ app }: Site, visitor: Visitor): Promise<boolean> => {
  const { status, body } = await new Visitor(app, visitor.jar.copy()).get('/who')
  expect(status).toBe(200)
  return body !== ''
}

async function livingOf(site: Site, visitors: Record<string, Visitor>): Promise<string[]> {
  const live: string[] = []
  for (const [name, visitor] of Object.entries(visitors)) if (await isSignedIn(site, visitor)) live.push(name)
  return live
}

const errorsOf = async ({ events }: Site): Promise<unknown[]> => {
  await nextTurn()
  return events.filter(({ name }) => name === 'error')
}

interface Known {
  visitor: Visitor
  user: string
  org: string
  state: 'lives' | 'ended' | 'unsure'
}

const any = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)]

/** Two processes on a server that has room for a few writes now and then. */
class NearlyFull {
  readonly broken: string[] = []
  readonly all: Known[] = []
  /** Verbs that were answered as done, and those that were not. */
  done = 0
  refused = 0
  #users = 0

  constructor(private readonly sites: Site[]) {}

  async step(): Promise<void> {
    const living = this.all.filter(({ state }) => state === 'lives')
    const dice = Math.random()
    // Memory runs out, or some becomes free.
    if (dice < 0.1) return void (await setMemory((await usedMemory()) + any([-50_000, 0, 20_000])))
    if (living.length < 4 || dice < 0.3) return this.signIn()
    if (dice < 0.5) return this.check(any(this.all))
    const known = any(living)
    const same = (all: (other: Known) => boolean): Known[] => this.all.filter(all)
    if (dice < 0.8) return this.end('/out', known, [known])
    if (dice < 0.87)
      return this.end(
        `/end?key=org:${known.org}`,
        known,
        same(({ org }) => org === known.org),
      )
    if (dice < 0.94)
      return this.end(
        '/revoke',
        known,
        same(({ user }) => user === known.user),
      )
    return this.end(
      '/others',
      known,
      same((other) => other.user === known.user && other !== known),
    )
  }

  async signIn(): Promise<void> {
    const visitor = new Visitor(any(this.sites).app)
    const [user, org] = [any(['ann', 'bob', `user-${this.#users++}`]), any(['1', '2', '3', '4'])]
    const { status, setCookie } = await visitor.get(`/in?user=${user}&org=${org}`)
    if (status === 200) this.all.push({ visitor, user, org, state: 'lives' })
    else if (status !== 503 || setCookie.length > 0) this.broken.push(`a sign-in was a ${status}: ${setCookie.join()}`)
  }

  /** A verb that ends; what is not done is a 503, or an event. */
  async end(path: string, asker: Known, ending: Known[]): Promise<void> {
    const site = any(this.sites)
    const errors = (await errorsOf(site)).length
    const { status } = await new Visitor(site.app, asker.visitor.jar.copy()).get(path)
    const isDone = status === 200 && (await errorsOf(site)).length === errors
    if (status !== 200 && status !== 503) this.broken.push(`${path} was a ${status}`)
    this.done += Number(isDone)
    this.refused += Number(!isDone)
    for (const known of ending) if (known.state !== 'ended') known.state = isDone ? 'ended' : 'unsure'
  }

  /** Whether a copy opens at each process as it has to. */
  async check(known: Known): Promise<void> {
    for (const site of this.sites) {
      const { status, body } = await new Visitor(site.app, known.visitor.jar.copy()).get('/who')
      if (status !== 200) this.broken.push(`an opening was a ${status}`)
      else if (body !== '' && known.state === 'ended') this.broken.push(`${known.user} was opened after the end`)
      else if (body === '' && known.state === 'lives') this.broken.push(`${known.user} was signed out without a cause`)
      else if (known.state === 'unsure') known.state = body === '' ? 'ended' : 'unsure'
    }
  }
}

describeWith('redis-server', hasRedis)('a store of ends that is full', () => {
  beforeAll(async () => {
    server = await startRedisNode(['--maxmemory-policy', 'noeviction'])
    redis = new Redis(server.port)
  })
  afterEach(async () => setMemory(0))
  afterAll(async () => {
    redis.disconnect()
    await server.stop()
  })

  const all = { status: 200, keepsCookie: true, live: ['copy', 'phone', 'eve'] }
  const refused = { ...all, status: 503 }

  /** What ends nothing is a 503; only what needs no memory is done, and then it is done. */
  const CASES: [where: Where, path: string, outcome: Outcome][] = [
    ['cookies', '/out', { ...refused, keepsCookie: false }],
    ['cookies', '/end?key=org:1', { ...refused, keepsCookie: false }],
    ['cookies', '/end?key=*', { ...refused, keepsCookie: false }],
    ['cookies', '/end?key=org:2', refused],
    ['cookies', '/all', refused],
    ['cookies', '/revoke', { ...refused, keepsCookie: false }],
    ['cookies', '/others', refused],
    // Nothing of it is kept in the store: it is the same session, in a new cookie.
    ['cookies', '/renew', all],
    // What ann's session was would have to be ended first.
    ['cookies', '/in?user=bob&org=2', refused],
    ['the store', '/out', { status: 200, keepsCookie: false, live: ['phone', 'eve'] }],
    ['the store', '/end?key=org:1', { status: 503, keepsCookie: false, live: ['phone', 'eve'] }],
    ['the store', '/end?key=*', { status: 503, keepsCookie: false, live: ['phone', 'eve'] }],
    ['the store', '/end?key=org:2', refused],
    ['the store', '/all', refused],
    ['the store', '/revoke', { status: 503, keepsCookie: false, live: ['eve'] }],
    ['the store', '/others', { status: 503, keepsCookie: true, live: ['copy', 'eve'] }],
    ['the store', '/renew', refused],
    ['the store', '/in?user=bob&org=2', refused],
  ]

  it.each(CASES)(
    'R110: R111: with sessions in %s and a full Redis, %s is a 503 where it cannot end all, and ends what it can',
    async (where, path, outcome) => {
      for (const onError of ['refuse', 'accept'] as const) {
        const site = open(where, onError, newPrefix())
        const asker = await signIn(site, 'ann', '1')
        const copy = new Visitor(site.app, asker.jar.copy())
        const visitors = { copy, phone: await signIn(site, 'ann', '1'), eve: await signIn(site, 'eve', '1') }
        await setMemory(FULL)
        const { status } = await asker.get(path)
        const errors = (await errorsOf(site)).length
        expect({ status: errors > 0 ? 503 : status, keepsCookie: asker.jar.values.size > 0 }).toEqual({
          status: outcome.status,
          keepsCookie: outcome.keepsCookie,
        })
        if (onError === 'refuse') expect(errors).toBe(0)
        expect(await livingOf(site, visitors)).toEqual(outcome.live)
        await setMemory(0)
        // What was refused left nothing half done: it is done now.
        await site.sessions.end('owner:ann')
        expect(await livingOf(site, visitors)).toEqual(outcome.live.filter((name) => name === 'eve'))
      }
    },
  )

  it('R90: R111: revokeAll() at a full Redis says how many it has ended, and which may live', async () => {
    const site = open('the store', 'refuse', newPrefix())
    await signIn(site, 'ann', '1')
    await signIn(site, 'ann', '1')
    await setMemory(FULL)
    const failing = site.sessions.revokeAll({ owner: 'ann' })
    const { status, message } = (await failing.catch((error: unknown) => error as SessionError)) as SessionError
    expect([status, message]).toEqual([503, expect.stringMatching(/has ended 2 sessions.*under way may live/)])
  })

  it.each<[Where, OnError]>([
    ['cookies', 'refuse'],
    ['cookies', 'accept'],
    ['the store', 'refuse'],
    ['the store', 'accept'],
  ])(
    'R108: R110: R111: what a verb has answered holds while memory runs out and comes back, with sessions in %s and onError %s',
    async (where, onError) => {
      const prefix = newPrefix()
      const run = new NearlyFull([open(where, onError, prefix), open(where, onError, prefix)])
      // It was full for some, and not for others: chance may let that wait.
      const isDone = (step: number): boolean => step > 10 * STEPS || (step > STEPS && run.refused > 0 && run.done > 0)
      for (let step = 0; !isDone(step); step++) await run.step()
      await setMemory(0)
      for (const known of run.all) await run.check(known)
      expect(run.broken).toEqual([])
      expect(run.refused).toBeGreaterThan(0)
      expect(run.done).toBeGreaterThan(0)
    },
  )
})

describeWith('redis-server', hasRedis)('a store of ends on a server that evicts', () => {
  beforeAll(async () => {
    server = await startRedisNode()
    redis = new Redis(server.port)
  })
  afterAll(async () => {
    redis.disconnect()
    await server.stop()
  })
  beforeEach(async () => {
    await setMemory(0)
    await redis.flushall()
    await redis.config('RESETSTAT')
  })

  /** Others fill the server, until it has evicted what is waited for, or a lot. */
  async function press(policy: string, isEnough: () => Promise<boolean>): Promise<void> {
    await redis.config('SET', 'maxmemory-policy', policy)
    await setMemory((await usedMemory()) + 2_000_000)
    for (let round = 0; round < 200 && !(await isEnough()); round++) {
      const filling = redis.pipeline()
      for (let at = 0; at < 100; at++) filling.set(`other:${round}:${at}`, 'x'.repeat(1000), 'PX', 10 * LONG)
      await filling.exec()
    }
    await setMemory(0)
  }

  const evicted = async (): Promise<number> => Number(/evicted_keys:(\d+)/.exec(await redis.info('stats'))?.[1])
  const isThere = async (key: string): Promise<boolean> => (await redis.exists(key)) === 1

  it.each(['volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl'])(
    'R108: R110: no end is evicted by %s: what has ended opens nowhere, and other cookies are good still',
    async (policy) => {
      const prefix = newPrefix()
      const here = open('cookies', 'refuse', prefix)
      const visitors: Record<string, Visitor> = {
        phone: await signIn(here, 'ann', '1'),
        bob: await signIn(here, 'bob', '2'),
      }
      const out = await signIn(here, 'ann', '1')
      visitors.copy = new Visitor(here.app, out.jar.copy())
      expect((await out.get('/out')).status).toBe(200)
      await here.sessions.end('org:2')
      visitors.eve = await signIn(here, 'eve', '2')
      await press(policy, async () => (await evicted()) > 3000)
      expect(await evicted()).toBeGreaterThan(3000)
      for (const there of [
        here,
        open('cookies', 'refuse', prefix),
        open('cookies', 'refuse', prefix, { maxStale: 60_000 }),
      ]) {
        expect(await livingOf(there, visitors)).toEqual(['phone', 'eve'])
      }
    },
  )

  it.each<OnError>(['refuse', 'accept'])(
    'R110: a policy that evicts any key takes all ends or none, and then nothing from before opens, with onError %s',
    async (onError) => {
      const prefix = newPrefix()
      const here = open('cookies', onError, prefix)
      const visitors: Record<string, Visitor> = { phone: await signIn(here, 'ann', '1') }
      const out = await signIn(here, 'ann', '1')
      visitors.copy = new Visitor(here.app, out.jar.copy())
      await out.get('/out')
      await press('allkeys-random', async () => !(await isThere(`${prefix}{ends}`)))
      expect(await isThere(`${prefix}{ends}`)).toBe(false)
      for (const there of [here, open('cookies', onError, prefix)]) expect(await livingOf(there, visitors)).toEqual([])
      expect(here.events.filter(({ name, detail }) => name === 'ended' && detail.reason === 'lost')).toHaveLength(1)
      expect(await isSignedIn(here, await signIn(here, 'ann', '1'))).toBe(true)
    },
  )

  it.each(['log', 'due'])(
    'R110: where the %s of ends was evicted, nothing that has ended opens, and nobody is signed out',
    async (name) => {
      const prefix = newPrefix()
      const sites = [open('cookies', 'refuse', prefix), open('cookies', 'refuse', prefix, { maxStale: 60_000 })]
      const [here] = sites
      const out = await signIn(here, 'ann', '1')
      const visitors: Record<string, Visitor> = {
        copy: new Visitor(here.app, out.jar.copy()),
        phone: await signIn(here, 'ann', '1'),
      }
      await out.get('/out')
      for (const site of sites) expect(await livingOf(site, visitors)).toEqual(['phone'])
      // As an eviction does.
      expect(await redis.del(`${prefix}{ends}:${name}`)).toBe(1)
      for (const site of sites) expect(await livingOf(site, visitors)).toEqual(['phone'])
      await here.sessions.end('org:2')
      await here.sessions.end('owner:bob')
      for (const site of sites) expect(await livingOf(site, visitors)).toEqual(['phone'])
    },
  )
})
