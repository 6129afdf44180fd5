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

/** How many copies are presented after their session has ended; `npm run campaign:ends` presents a million. */
const OPENS = Number(process.env.ENDS_OPENS ?? 4000)
/** How often a campaign says how far it is, in milliseconds. */
const TELL_EVERY = 10_000
/** The numbers of a run that is to be seen again; calls of a server take as long as they take. */
const SEED = Number(process.env.ENDS_SEED ?? Date.now() % 1_000_000)
const PROCESSES = 3
const SKEW = 7000
/** How many of a hundred messages do not reach a process. */
const LOST = 6
/** How many rounds are made at once, how many sessions there are in one, and how often a copy of an ended one is presented. */
const LANES = 8
const SESSIONS = 24
const PRESENTED = 40
/** After how many ends the server is killed for the first time, and then again, at most. */
const FIRST_KILL = 40
const NEXT_KILL = 1000
/** How long it still answers, in milliseconds. */
const KILLED_WITHIN = 100

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
  #endings = 0
  #killAt: number
  #isDown = false
  #restarting: Promise<void> = Promise.resolve()
  /** Copies that were presented, and answered for; and those of them whose session had ended before. */
  opens = 0
  afterEnd = 0
  ends = 0
  /** Ends that failed, and those of them that hold all the same. */
  unanswered = 0
  unansweredHold = 0
  failures = 0
  kills = 0
  lost = 0

  constructor(
    redis: Redis,
    readonly server: ServerProcess,
    readonly maxStale: number,
    readonly random: () => number,
  ) {
    this.#killAt = Math.ceil(random() * FIRST_KILL)
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

  /** How far it is, in a line. */
  account(): string {
    const { maxStale, opens, afterEnd, ends, unanswered, unansweredHold, broken, failures, kills } = this
    return (
      `ENDS_SEED=${SEED} maxStale ${maxStale}: ${afterEnd} of ${OPENS / 2} copies presented after the end, ` +
      `${opens} in all, ${broken.length} broken; ${kills} kills, ${ends} ends, ${unanswered} that failed ` +
      `(${unansweredHold} of them hold), ${failures} errors of requests`
    )
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
    this.killNowAndThen()
    const { status } = await new Visitor(this.any(this.processes).app, known.jar.copy()).get('/out')
    this.mark(known, status === 200)
  }

  mark(known: Known, isEnded: boolean): void {
    if (known.state === 'ended') return
    known.state = isEnded ? 'ended' : 'unsure'
    this.ends += Number(isEnded)
    this.unanswered += Number(!isEnded)
  }

  async endOrg(org: string, all: Known[]): Promise<void> {
    this.killNowAndThen()
    const { sessions, ahead } = this.any(this.processes)
    const isDone = await withClock(ahead, () => sessions.end(`org:${org}`)).then(
      () => true,
      () => false,
    )
    for (const known of all) {
      if (known.org === org) this.mark(known, isDone)
    }
  }

  /** Rounds in several lanes, until enough copies were presented. */
  async run(): Promise<void> {
    let index = this.maxStale * 1_000_000
    let toldAt = performance.now()
    const lanes = Array.from({ length: LANES }, async (_, lane) => {
      // So that they are not all at the same step.
      await this.round(index++, PROCESSES + 1 + lane * Math.floor(PRESENTED / LANES))
      while (this.afterEnd < OPENS / 2 && this.broken.length === 0) {
        await this.round(index++)
        if (performance.now() - toldAt < TELL_EVERY) continue
        toldAt = performance.now()
        process.stderr.write(`${this.account()}\n`)
      }
    })
    await Promise.all(lanes)
    await this.#restarting
  }

  /** The server is killed now and then, while sessions are ended: of some ends the answer is lost, of others the question. */
  killNowAndThen(): void {
    if (++this.#endings < this.#killAt || this.#isDown) return
    this.#killAt = this.#endings + Math.ceil(this.random() * NEXT_KILL)
    this.kills++
    this.#isDown = true
    this.#restarting = setTimeout(this.random() * KILLED_WITHIN)
      .then(async () => this.server.kill())
      .then(async () => this.server.restart())
      .then(() => void (this.#isDown = false))
  }

  /** One round: sessions begin, some of them end; then copies of all are presented. */
  async round(index: number, waves = PRESENTED): Promise<void> {
    const names = Array.from({ length: SESSIONS }, (_, at) => at)
    const all = await Promise.all(names.map(async (at) => this.signIn(`user-${index}-${at}`, `${index}-${at % 4}`)))
    await Promise.all(all.map(async (known) => this.check(known, this.any(this.processes))))
    const ending = all.slice(0, SESSIONS / 2).map(async (known) => this.logOut(known))
    await Promise.all([...ending, this.endOrg(`${index}-3`, all)])
    await setTimeout(this.maxStale + 1)
    for (let time = 0; time < waves; time++) {
      const presented = all.filter(({ state }) => state !== 'lives' || time < PROCESSES)
      await Promise.all(presented.map(async (known, at) => this.check(known, this.processes[(at + time) % PROCESSES])))
    }
  }

  async check(known: Known, process: Process): Promise<void> {
    const isOpen = await this.open(known, process)
    if (isOpen === undefined) return
    this.opens++
    this.afterEnd += Number(known.state === 'ended')
    if (isOpen && known.state === 'ended') this.broken.push(`opened after its end (open ${this.opens})`)
    if (!isOpen && known.state === 'lives') this.broken.push(`signed out without a cause (open ${this.opens})`)
    // E5: an end whose answer was lost holds or does not, for every process from then on.
    if (known.state !== 'unsure') return
    known.state = isOpen ? 'lives' : 'ended'
    this.unansweredHold += Number(!isOpen)
  }
}

describeWith('redis-server', hasRedis)('a store of ends that is killed', () => {
  let server: ServerProcess
  let redis: Redis
  let unskew: () => void

  beforeAll(async () => {
    server = await startRedisNode(DURABLE)
    redis = new Redis(server.port, { maxRetriesPerRequest: 0, retryStrategy: () => 20, enableAutoPipelining: true })
    redis.on('error', () => undefined)
    unskew = skewClocks()
  })

  afterAll(async () => {
    unskew()
    redis.disconnect()
    await server.stop()
  })

  it.each([0, 40])(
    'R108: R110: of three processes with clocks apart and lost messages, none opens what has ended, with maxStale %d',
    async (maxStale) => {
      const campaign = new Campaign(redis, server, maxStale, randomFrom(SEED + maxStale))
      await campaign.run()
      if (campaign.broken.length > 0) throw new Error(`ENDS_SEED=${SEED}: ${campaign.broken.join(', ')}`)
      if (process.env.ENDS_OPENS) process.stderr.write(`done: ${campaign.account()}\n`)
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
