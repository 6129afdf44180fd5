import { setTimeout } from 'node:timers/promises'
import { MemoryBus, type Bus, type BusMessage, type EndStore } from 'koa-session-service'
import type Koa from 'koa'
import { CookieJar, Visitor } from '../../support/app/app'
import { describeOnEachStore, type FullStore } from '../../support/backends/conditional-backends'
import { createSite } from '../../support/app/site'

/** Rounds of each kind; `npm run campaign` makes more. */
const ROUNDS = Number(process.env.CAMPAIGN_RUNS ?? 3)
const PROCESSES = 3
/** How many of a hundred messages do not reach a process. */
const LOST = 6
const USERS = ['ann', 'bob', 'cid']

/** Milliseconds, by which everything of a round is put into order. */
const now = (): number => performance.now()
const any = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)]

/** What one process hears of the others: not everything. */
class LossyBus implements Bus {
  constructor(private readonly shared: MemoryBus) {}

  publish(message: BusMessage): void {
    this.shared.publish(message)
  }

  subscribe(listener: (message: BusMessage) => void): () => void {
    return this.shared.subscribe((message) => {
      if (Math.random() * 100 < LOST) return
      setImmediate(() => listener(message))
    })
  }
}

interface SignedIn {
  user: string
  org: string
  jar: CookieJar
  began: number
  done: number
}

interface Ended {
  ends: (session: SignedIn) => boolean
  what: string
  began: number
  done: number
}

class Round {
  readonly sessions: SignedIn[] = []
  readonly ended: Ended[] = []
  readonly broken: string[] = []
  unsure = 0

  constructor(
    private readonly apps: Koa[],
    private readonly maxStale: number,
  ) {}

  async signIn(): Promise<void> {
    const [user, org] = [any(USERS), any(['1', '2'])]
    const jar = new CookieJar()
    const began = now()
    const { status } = await new Visitor(any(this.apps), jar).get(`/in?user=${user}&org=${org}`)
    if (status === 503) this.unsure++
    else if (status === 200) this.sessions.push({ user, org, jar, began, done: now() })
    else this.broken.push(`a sign-in was a ${status}`)
  }

  /** Somebody presents a copy of a cookie. */
  async open(session: SignedIn): Promise<void> {
    const began = now()
    const { body, status } = await new Visitor(any(this.apps), session.jar.copy()).get('/who')
    if (status !== 200) return void this.broken.push(`an opening was a ${status}: ${body}`)
    if (body === '' || body === 'undefined') this.checkVoid(session, began)
    else this.checkLive(session, began)
  }

  async end(what: string, path: string, ends: Ended['ends'], jar = new CookieJar()): Promise<void> {
    const began = now()
    const { status } = await new Visitor(any(this.apps), jar).get(path)
    if (status === 200) this.ended.push({ what, ends, began, done: now() })
    else this.broken.push(`${what} was a ${status}`)
  }

  async step(): Promise<void> {
    const dice = Math.random()
    const session = any(this.sessions)
    if (dice < 0.3 || !session) return this.signIn()
    if (dice < 0.7) return this.open(session)
    if (dice < 0.8) return this.end('a logout', '/out', (other) => other === session, session.jar.copy())
    if (dice < 0.9) return this.end('the end of a key', `/end?key=org:${session.org}`, ({ org }) => org === session.org)
    return this.end('revokeAll', `/revoke?user=${session.user}`, ({ user }) => user === session.user)
  }

  /** E1: begun before an acknowledged end, opened after it. */
  checkLive(session: SignedIn, began: number): void {
    const cause = this.ended.find(
      (each) => each.ends(session) && session.began < each.began && each.done + this.maxStale < began,
    )
    if (cause) this.broken.push(`opened after ${cause.what}`)
  }

  /** E2: what begins after all ends lives. */
  checkVoid(session: SignedIn, _began: number): void {
    this.voids.push(session)
  }

  readonly voids: SignedIn[] = []

  /** Once all is done: what was void had a cause. */
  checkCauses(): void {
    for (const session of this.voids) {
      const hasCause = this.ended.some((each) => each.ends(session) && each.done > session.began)
      if (!hasCause) this.broken.push(`${session.user} was signed out without a cause`)
    }
  }
}

describeOnEachStore('ends of sessions by three processes at once', (getStore) => {
  it.each([
    ['cookies', 0],
    ['cookies', 30],
    ['the store', 0],
    ['the store', 30],
  ])(
    'R107: R108: R110: no session that has ended opens, and what begins later lives, in %s, with maxStale %d',
    async (where, maxStale) => {
      let unsure = 0
      for (let count = 0; count < ROUNDS; count++) {
        const shared = new MemoryBus()
        const apps = Array.from({ length: PROCESSES }, () => processOn(getStore(), shared, { maxStale, count, where }))
        const round = new Round(apps, maxStale)
        const workers = Array.from({ length: 4 }, async () => {
          for (let step = 0; step < 25; step++) await round.step()
        })
        await Promise.all(workers)
        await setTimeout(maxStale + 1)
        for (const session of round.sessions) await round.open(session)
        round.checkCauses()
        expect(round.broken).toEqual([])
        unsure += round.unsure
        expect(round.sessions.length + round.unsure).toBeGreaterThan(0)
      }
      expect(unsure).toBeLessThan(ROUNDS * 10)
    },
  )
})

function processOn(
  store: FullStore,
  shared: MemoryBus,
  { maxStale, count, where }: { maxStale: number; count: number; where: string },
): Koa {
  const scope = `round-${count}-${maxStale}-${where.length}`
  const { app, sessions } = createSite(
    {
      // Owners of a round are its own.
      owner: (data) => ('user' in data ? `${String(data.user)}-${scope}` : undefined),
      ...(where === 'the store' && { store }),
      bus: new LossyBus(shared),
      ends: {
        store: store as unknown as EndStore,
        maxStale,
        scope,
        by: (data) => ('org' in data ? [`org:${String(data.org)}`] : []),
      },
    },
    {
      '/in': (ctx) => void (ctx.session = { user: ctx.query.user, org: ctx.query.org } as never),
      '/who': (ctx) => void (ctx.body = String((ctx.session as { user?: string }).user ?? '')),
      '/out': (ctx) => void (ctx.session = null),
      '/end': (ctx) => sessions.end(String(ctx.query.key)),
      '/revoke': (ctx) => sessions.revokeAll({ owner: `${String(ctx.query.user)}-${scope}` }),
    },
  )
  return app
}
