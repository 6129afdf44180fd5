import { setTimeout } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type Koa from 'koa'
import session, { MemoryBus, type Bus, type BusMessage, type SessionService } from 'koa-session-service'
import { RedisStore } from 'koa-session-service/redis'
import { createApp, CookieJar, Visitor } from '../../support/app/app'
import { DURABLE, hasRedis, startRedisNode } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import type { ServerProcess } from '../../support/backends/server-process'
import { skewClocks, withClock } from '../../support/owners/skewed-clocks'

/** How many copies are opened after their session has ended; `npm run campaign:ends` opens a million. */
const OPENS = Number(process.env.ENDS_OPENS ?? 1500)
/** The numbers of a run that is to be seen again; calls of a server take as long as they take. */
const SEED = Number(process.env.ENDS_SEED ?? Date.now() % 1_000_000)
const PROCESSES = 3
const SKEW = 7000
/** How many of a hundred messages do not reach a process. */
const LOST = 6
/** How many sessions there are in a round, and after how many rounds the server is killed. */
const SESSIONS = 24
const KILLED_EVERY = 4

/** What one process hears of the others: not everything. */
class LossyBus implements Bus {
  constructor(
    private readonly shared: MemoryBus,
    private readonly random: () => number,
  ) {}

  publish(message: BusMessage): void {
    this.shared.publish(message)
  }

  subscribe(listener: (message: BusMessage) => void): () => void {
    return this.shared.subscribe((message) => {
      if (this.random() * 100 >= LOST) setImmediate(() => listener(message))
    })
  }
}

interface Data {
  user?: string
  org?: string
}

interface Process {
  app: Koa
  sessions: SessionService<Data>
  /** Milliseconds. */
  ahead: number
}

/** What is known of a session: after a failed call nobody knows, until it was opened. */
type State = 'lives' | 'ended' | 'unsure'

interface Known {
  jar: CookieJar
  org: string
  state: State
}

class Campaign {
  readonly processes: Process[]
  readonly broken: string[] = []
  opens = 0
  failures = 0
  kills = 0
  lost = 0

  constructor(
    redis: Redis,
    readonly maxStale: number,
    readonly random: () => number,
  ) {
    const bus = new MemoryBus()
    this.processes = Array.from({ length: PROCESSES }, (_, index) => {
      const app = createApp()
      const ahead = (index - 1) * SKEW
      app.use((_ctx, next) => withClock(ahead, next))
      app.on('error', () => this.failures++)
      const by = ({ org }: Data): string[] => (org === undefined ? [] : [`org:${org}`])
      const middleware = session<Data>(
        {
          owner: ({ user }) => user,
          storeTimeout: 2000,
          bus: new LossyBus(bus, random),
          ends: { store: new RedisStore(redis), by, maxStale },
        },
        app,
      )
      app.on('session:ended', ({ reason }: { reason: string }) => (this.lost += Number(reason === 'lost')))
      app.use(middleware)
      app.use((ctx) => {
        if (ctx.path === '/in') ctx.session = { user: String(ctx.query.user), org: String(ctx.query.org) }
        if (ctx.path === '/out') ctx.session = null
        ctx.body = 'done'
      })
      return { app, sessions: middleware.sessions, ahead }
    })
  }

  any<T>(values: readonly T[]): T {
    return values[Math.floor(this.random() * values.length)]
  }

  /** Whether a copy of a cookie opens its session; undefined where the server cannot be asked. */
  async open({ jar }: Known, { sessions, ahead }: Process): Promise<boolean | undefined> {
    try {
      const held = await withClock(ahead, () => sessions.open({ method: 'GET', headers: { cookie: jar.header } }))
      held?.release()
      return held !== undefined
    } catch {
      return undefined
    }
  }

  async signIn(user: string, org: string): Promise<Known> {
    const jar = new CookieJar()
    for (;;) {
      const { status } = await new Visitor(this.any(this.processes).app, jar).get(`/in?user=${user}&org=${org}`)
      if (status === 200) return { jar, org, state: 'lives' }
      await setTimeout(20)
    }
  }

  async logOut(known: Known): Promise<void> {
    const { status } = await new Visitor(this.any(this.processes).app, known.jar.copy()).get('/out')
    if (known.state !== 'ended') known.state = status === 200 ? 'ended' : 'unsure'
  }

  async endOrg(org: string, all: Known[]): Promise<void> {
    const { sessions, ahead } = this.any(this.processes)
    const isDone = await withClock(ahead, () => sessions.end(`org:${org}`)).then(
      () => true,
      () => false,
    )
    for (const known of all) {
      if (known.org === org && known.state !== 'ended') known.state = isDone ? 'ended' : 'unsure'
    }
  }

  /** One round: sessions begin, some of them end, perhaps while the server is killed; then copies of all are presented. */
  async round(index: number, server: ServerProcess): Promise<void> {
    const names = Array.from({ length: SESSIONS }, (_, at) => at)
    const all = await Promise.all(names.map(async (at) => this.signIn(`user-${index}-${at}`, `${index}-${at % 4}`)))
    await Promise.all(all.map(async (known) => this.check(known, this.any(this.processes))))
    const ending = all.slice(0, SESSIONS / 2).map(async (known) => this.logOut(known))
    if (index % KILLED_EVERY === KILLED_EVERY - 1) {
      this.kills++
      await server.kill()
      await server.restart()
    }
    await Promise.all([...ending, this.endOrg(`${index}-3`, all)])
    await setTimeout(this.maxStale + 1)
    for (let time = 0; time < 5; time++) {
      for (const { length } of [this.processes]) {
        await Promise.all(all.map(async (known, at) => this.check(known, this.processes[(at + time) % length])))
      }
    }
  }

  async check(known: Known, process: Process): Promise<void> {
    const isOpen = await this.open(known, process)
    if (isOpen === undefined) return
    this.opens++
    if (isOpen && known.state === 'ended') this.broken.push(`opened after its end (open ${this.opens})`)
    if (!isOpen && known.state === 'lives') this.broken.push(`signed out without a cause (open ${this.opens})`)
    // E5: an end whose answer was lost holds or does not, for every process from then on.
    if (known.state === 'unsure' && !isOpen) known.state = 'ended'
  }
}

describeWith('redis-server', hasRedis)('a store of ends that is killed', () => {
  let server: ServerProcess
  let redis: Redis
  let unskew: () => void

  beforeAll(async () => {
    server = await startRedisNode(DURABLE)
    redis = new Redis(server.port, { maxRetriesPerRequest: 2, retryStrategy: () => 20 })
    redis.on('error', () => undefined)
    unskew = skewClocks()
  })

  afterAll(async () => {
    unskew()
    redis.disconnect()
    await server.stop()
  })

  it.each([0, 40])(
    'R108: R110: of three processes with clocks apart and lost messages, none opens what has ended; maxStale %d',
    async (maxStale) => {
      const campaign = new Campaign(redis, maxStale, randomFrom(SEED + maxStale))
      for (let index = 0; campaign.opens < OPENS / 2; index++) {
        await campaign.round(index + maxStale * 1_000_000, server)
        if (campaign.broken.length > 0) throw new Error(`ENDS_SEED=${SEED}: ${campaign.broken.join(', ')}`)
      }
      expect(campaign.kills).toBeGreaterThan(0)
      expect(campaign.lost).toBe(0)
    },
    24 * 60 * 60 * 1000,
  )
})

/** The same numbers for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
