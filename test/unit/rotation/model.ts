import { begun, isIssuePaced, issue, noteUse } from '../../../src/rotation/changes'
import { rotatingStatusOf } from '../../../src/rotation/token-status'
import type { Access } from '../../../src/session/access'
import { hashToken, makeFamily, makeLongToken, parseToken, type Token } from '../../../src/session/token'

/**
 * Tokens that change while their visitors work, tried without Koa and without stores: the requests of a page take their steps in
 * any order, and a step takes a second. The decisions are the library's own.
 */

const SECOND = 1000
export const MINUTE = 60 * SECOND
const EVERY = 10 * MINUTE

/** A request: it is sent with the cookie that its client has then, opens the session, writes its note, and is answered. */
export interface Plan {
  readonly client: 'browser' | 'thief'
  readonly confirms?: true
  /** Its answer never arrives. */
  readonly isLost?: true
  /** What becomes of its write: it fails before its effect, or its answer is lost. */
  readonly fault?: 'before' | 'after'
  /** Its body waits in a proxy, so long after it was sent. */
  readonly held?: number
}

/** Requests that are under way at once, so long after the page before. */
export interface Page {
  readonly pause: number
  readonly requests: readonly Plan[]
}

/** A rule that is switched back, to see that the search finds what it is there for. */
export type Broken = 'repeats tokens' | 'drops siblings' | 'judges uploads' | undefined

interface Client {
  text: string | undefined
}

export class World {
  now = 1_700_000_000_000
  access: Access | undefined
  revision = 0
  replays = 0
  readonly handed: string[] = []
  readonly clients: Record<Plan['client'], Client>

  constructor(readonly broken: Broken) {
    const token = makeLongToken('id', { family: makeFamily(), serial: 0 })
    this.access = { secret: hashToken(token.text), generation: 0, past: [], succession: begun(token) }
    this.clients = { browser: { text: token.text }, thief: { text: token.text } }
  }

  /** Whether a client is signed in with what it holds now. */
  isIn(client: Client): boolean {
    return this.access !== undefined && this.#statusOf(client.text, this.access, this.now, false).name === 'current'
  }

  /** The steps of a request, one after the other. */
  *steps(plan: Plan): Generator<void, void> {
    const client = this.clients[plan.client]
    const { text } = client
    yield
    if (plan.held !== undefined) this.now += plan.held
    const came = this.now
    const isSlow = plan.held !== undefined && this.broken !== 'judges uploads'
    const [read, revision] = [this.access, this.revision]
    if (!read || text === undefined) return
    const status = this.#statusOf(text, read, came, isSlow)
    if (status.name === 'replay') {
      yield
      if (this.revision === revision && this.access) [this.access, this.replays] = [undefined, this.replays + 1]
      return
    }
    if (status.name !== 'current' || !('opening' in status) || !status.opening) return
    const { place, isUse, mayBeHanded } = status.opening
    const token = parseToken(text) as Token
    let next = read
    let handed: string | undefined
    if (isUse) next = noteUse(token, place, next, this.now, MINUTE).access
    const isOld = place === 'left' || this.now - (read.succession?.since ?? 0) >= EVERY
    if (plan.confirms || (mayBeHanded && isOld && isIssuePaced(read.succession, this.now, 0))) {
      const from = { id: 'id', family: token.line?.family }
      const issued = issue(from, isUse ? 'current' : place, next, this.now, plan.confirms && [this.now])
      next = issued.access
      handed = issued.token.text
    }
    if (this.broken === 'drops siblings' && next.succession)
      next = { ...next, succession: { ...next.succession, beside: [] } }
    yield
    const isWritten = next !== read && this.revision === revision && plan.fault !== 'before'
    if (isWritten) [this.access, this.revision] = [next, this.revision + 1]
    yield
    const told = isWritten && plan.fault !== 'after' ? handed : undefined
    const answer = told ?? (this.broken === 'repeats tokens' ? text : undefined)
    if (told !== undefined) this.handed.push(told)
    if (answer !== undefined && !plan.isLost) client.text = answer
  }

  #statusOf(text: string | undefined, access: Access, came: number, isSlow: boolean) {
    return rotatingStatusOf(parseToken(text ?? '-') as Token, access, { came, isSlow })
  }
}

/** Lets a world go through its pages; `pick` says whose step is next among so many. */
export function play(world: World, pages: readonly Page[], pick: (count: number) => number): World {
  for (const { pause, requests } of pages) {
    world.now += pause
    const running = requests.map((plan) => world.steps(plan))
    while (running.length > 0) {
      const place = running.length === 1 ? 0 : pick(running.length)
      world.now += SECOND
      if (running[place].next().done) running.splice(place, 1)
    }
  }
  return world
}

/** Plays every order of the steps, or up to `limit` of them; returns how many. */
export function everyOrder(
  make: () => World,
  pages: readonly Page[],
  check: (world: World) => void,
  limit: number,
): number {
  const choices: { taken: number; of: number }[] = []
  for (let count = 1; ; count++) {
    let depth = 0
    const world = play(make(), pages, (of) => {
      choices[depth] ??= { taken: 0, of }
      return choices[depth++].taken
    })
    check(world)
    choices.length = depth
    while (choices.length > 0 && choices[choices.length - 1].taken + 1 === choices[choices.length - 1].of) choices.pop()
    if (choices.length === 0 || count === limit) return count
    choices[choices.length - 1].taken++
  }
}
