import type http from 'node:http'
import { setTimeout } from 'node:timers/promises'
import type { Store } from 'koa-session-service'
import { Browser, listen } from '../../promises/errors/server'
import { createCountingApp } from './counting-app'

/** How many requests one browser sends before its visitor takes another one, and so begins another session. */
const PER_SESSION = 20
/** How long a visitor waits after an answer that is no 200, in milliseconds. */
const PAUSE = 20
/** How long everyone is waited for, in milliseconds. */
const PATIENCE = 40_000

/** A browser, how many of its requests were acknowledged, and how many ended otherwise. */
interface Customer {
  browser: Browser
  acknowledged: number
  unanswered: number
}

/** Visitors who each count in their session with one request after the other, over HTTP. */
export class Crowd {
  /** How often each status was answered. */
  readonly statuses: Record<number, number> = {}
  /** What the app reported. */
  readonly errors: unknown[] = []
  readonly #customers: Customer[] = []
  readonly #server: http.Server
  readonly #visitors: Promise<void>[] = []
  /** How many more answers each visitor is waited for. */
  readonly #remaining: number[] = []
  #isOpen = true

  private constructor(server: http.Server) {
    this.#server = server
  }

  static async open(store: Store, size = 10): Promise<Crowd> {
    const app = createCountingApp(store)
    const crowd = new Crowd(await listen(app.callback()))
    app.on('error', (error) => crowd.errors.push(error))
    for (let visitor = 0; visitor < size; visitor++) crowd.#visitors.push(crowd.#visit(visitor))
    return crowd
  }

  /** How many counts were acknowledged. */
  get acknowledged(): number {
    return this.#customers.reduce((sum, { acknowledged }) => sum + acknowledged, 0)
  }

  /** Waits until every visitor has been answered so many times more. */
  async everyoneIsServed(times = 20): Promise<void> {
    for (const visitor of this.#visitors.keys()) this.#remaining[visitor] = times
    const end = Date.now() + PATIENCE
    while (this.#remaining.some((count) => count > 0)) {
      if (Date.now() > end) throw new Error(`not everyone was served within ${PATIENCE} ms`)
      await setTimeout(PAUSE)
    }
  }

  /** Waits until a request has failed. */
  async someoneIsRefused(): Promise<void> {
    const before = this.errors.length
    const end = Date.now() + PATIENCE
    while (this.errors.length === before && Date.now() < end) await setTimeout(PAUSE)
  }

  async leave(): Promise<void> {
    this.#isOpen = false
    await Promise.all(this.#visitors)
  }

  /** The sessions that do not hold what was acknowledged: a request without an answer may have counted or not. */
  async wrongCounts(): Promise<object[]> {
    const counts = await Promise.all(
      this.#customers.map(async ({ browser, ...expected }) => ({ ...expected, count: await countOf(browser) })),
    )
    return counts.filter(
      ({ acknowledged, unanswered, count }) => count < acknowledged || count > acknowledged + unanswered,
    )
  }

  async #visit(visitor: number): Promise<void> {
    for (;;) {
      const customer = { browser: new Browser(this.#server), acknowledged: 0, unanswered: 0 }
      this.#customers.push(customer)
      for (let request = 0; request < PER_SESSION; request++) {
        if (!this.#isOpen) return
        await this.#count(customer, visitor)
      }
    }
  }

  async #count(customer: Customer, visitor: number): Promise<void> {
    const { status } = await customer.browser.get('/count')
    this.statuses[status] = (this.statuses[status] ?? 0) + 1
    if (status === 200) {
      customer.acknowledged++
      this.#remaining[visitor]--
      return
    }
    customer.unanswered++
    await setTimeout(PAUSE)
  }
}

/** The count that a browser is answered, as soon as it is answered one. */
async function countOf(browser: Browser): Promise<number> {
  const end = Date.now() + PATIENCE
  while (Date.now() < end) {
    const { status, body } = await browser.get()
    if (status === 200) return (JSON.parse(body) as { count: number }).count
    await setTimeout(PAUSE)
  }
  return -1
}
