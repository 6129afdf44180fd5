import fc from 'fast-check'
import { LayeredStore, type SessionOptions, type Store } from 'koa-session-service'
import { type Answer, CookieJar, Visitor } from '../../support/app/app'
import type { FullStore } from '../../support/backends/conditional-backends'
import { idOf, RacingApp, readData, tokenOf } from '../../support/races/racing-app'
import { type Fault, ScheduledStore } from '../../support/races/scheduled-store'

/** How long a process may answer from its cache, where it has one, in milliseconds. */
export const MAX_STALE = 60_000

/** What of every hundred calls fails before its effect, and as many after it. */
const FAULTS_IN_A_HUNDRED = 6

/** What is sent at once: by the visitor's browser, and by an attacker who planted its first token. */
export interface Campaign {
  title: string
  paths: fc.Arbitrary<string[]>
  attacks?: fc.Arbitrary<string[]>
}

interface Trial {
  hasOwner: boolean
  rolling: boolean
  processes: number
  isLayered: boolean
  faults: Fault[]
  paths: string[]
  attacks: string[]
  scheduler: fc.Scheduler
}

/** Everything that a campaign draws by lot. */
export function trialsOf({ paths, attacks = fc.constant([]) }: Campaign, { hasFaults }: { hasFaults: boolean }) {
  const fault = fc.integer({ min: 0, max: 99 }).map((lot): Fault => {
    if (!hasFaults || lot >= 2 * FAULTS_IN_A_HUNDRED) return 'none'
    return lot < FAULTS_IN_A_HUNDRED ? 'before' : 'after'
  })
  return fc.record<Trial>({
    hasOwner: fc.boolean(),
    rolling: fc.boolean(),
    processes: fc.constantFrom(1, 2),
    isLayered: fc.boolean(),
    faults: fc.array(fault, { minLength: 60, maxLength: 60 }),
    paths,
    attacks,
    scheduler: fc.scheduler(),
  })
}

interface Sent {
  path: string
  answer: Answer
  /** The session was gone: what was changed is dropped, as the event tells. */
  isGone: boolean
  isAttack: boolean
  /** When it was answered, among all. */
  place: number
}

/** What is left when everything was answered. */
interface Result {
  racing: RacingApp
  sent: Sent[]
  /** The visitor's browser, which took every answer in the order in which they came. */
  browser: Visitor
  /** What the browser held at first, and the attacker holds for ever. */
  first: Visitor
}

/** Sends everything at once, each call of the store being made when the scheduler comes to it. */
export async function run(store: FullStore, trial: Trial, onCall: () => void): Promise<Result> {
  const { faults, scheduler, paths, attacks, processes, rolling, hasOwner, isLayered } = trial
  let calls = 0
  const scheduled = new ScheduledStore(store, onCall, () => faults[calls++ % faults.length])
  const owner: SessionOptions['owner'] = hasOwner ? ({ user }) => user as string : undefined
  const storeOf = (shared: Store): Store =>
    isLayered ? new LayeredStore(shared as FullStore, { maxStale: MAX_STALE }) : shared
  const { racing, visitor: first } = await RacingApp.open({ store: scheduled, storeOf, processes, rolling, owner })
  const browser = new Visitor(racing.apps[0], first.jar.copy())
  const gone: unknown[] = []
  for (const app of racing.apps) app.on('session:gone', ({ ctx }: { ctx: { path: string } }) => gone.push(ctx))
  const sent: Sent[] = []
  const send = async (path: string, index: number, isAttack: boolean) => {
    const name = `${isAttack ? 'attack' : 'visit'}${index}`
    const answer = await racing.another(first, index).get(path, { 'x-name': name })
    if (!isAttack) browser.jar.accept(answer.setCookie)
    sent.push({ path, answer, isAttack, isGone: false, place: sent.length, ...{ name } })
  }
  await scheduled.race(scheduler, () =>
    Promise.all([
      ...paths.map((path, index) => send(path, index, false)),
      ...attacks.map((path, index) => send(path, index + 1, true)),
    ]),
  )
  await new Promise(setImmediate)
  const goneNames = gone.map((ctx) => (ctx as { get(name: string): string }).get('x-name'))
  for (const each of sent) each.isGone = goneNames.includes((each as Sent & { name: string }).name)
  return { racing, sent, browser, first }
}

const LOGOUT = /^\/(null|destroy|restart)/
const SIGN_IN = /^\/(login|user)\/(\w+)/
const CHANGE = /^\/(?:set|update)\/(\w+)$/

/** What of the promises does not hold: an empty list where all is well. */
export async function brokenIn({ racing, sent, browser, first }: Result, trial: Trial): Promise<string[]> {
  const broken: string[] = []
  const hasFaults = trial.faults.some((fault) => fault !== 'none')
  for (const { path, answer } of sent) {
    if (answer.status !== 200 && !(hasFaults && answer.status === 503)) broken.push(`${path}: ${answer.status}`)
  }
  const done = sent.filter(({ answer }) => answer.status === 200)
  const ended = done.some(({ path }) => LOGOUT.test(path))
  const mayHaveEnded = sent.some(({ path }) => LOGOUT.test(path))
  const records = await racing.records()
  const original = await racing.record(idOf(first))
  if (ended && original) broken.push('an ended session lives')
  if (!mayHaveEnded && !original) broken.push('a session is gone that nobody has ended')
  for (const { path, isGone } of done) {
    const key = CHANGE.exec(path)?.[1]
    if (!key || isGone || mayHaveEnded) continue
    if (!records.some((record) => record[key] !== undefined)) broken.push(`acknowledged and lost: ${path}`)
  }
  const increments = done.filter(({ path, isGone }) => path === '/increment' && !isGone).length
  const views = Number(original?.views ?? 0)
  const tried = sent.filter(({ path }) => path === '/increment').length
  if (!mayHaveEnded && (views < increments || views > tried)) broken.push(`counted ${views} of ${increments}`)
  broken.push(...(await brokenForBrowser({ racing, sent, browser, first }, { mayHaveEnded })))
  return broken
}

async function brokenForBrowser(
  { racing, sent, browser, first }: Result,
  { mayHaveEnded }: { mayHaveEnded: boolean },
): Promise<string[]> {
  const broken: string[] = []
  // Without an owner, data are no sign-in: what regenerates is.
  const isSignIn = ({ path, isGone }: Sent): boolean => SIGN_IN.test(path) && (path.startsWith('/login') || !isGone)
  const signIns = sent.filter((each) => isSignIn(each) && each.answer.status === 200 && !each.isAttack)
  const isTaken = sent.some(({ path, isAttack }) => path === '/signout' || (isAttack && path === '/regenerate'))
  const hasFailedRotation = sent.some(
    ({ path, answer }) => answer.status === 503 && /login|user|regenerate|signout/.test(path),
  )
  const data = await readData(browser)
  if (signIns.length > 0 && !mayHaveEnded && !hasFailedRotation && !isTaken && data?.user === undefined) {
    broken.push('the browser is signed out')
  }
  if (signIns.length === 0 && !mayHaveEnded && !hasFailedRotation && !isTaken && Object.keys(data ?? {}).length === 0) {
    broken.push('the browser holds a token of no session')
  }
  if (signIns.length === 0) return broken
  // From here on the first token opens nothing of the visitor's.
  const thief = new Visitor(racing.apps[0], first.jar.copy())
  if (tokenOf(first) !== tokenOf(browser) && (await readData(thief))?.user !== undefined) {
    broken.push('the planted token opens the session')
  }
  const place = Math.min(...signIns.map((each) => each.place))
  const original = await racing.record(idOf(first))
  for (const { path, answer, isAttack, isGone } of sent.filter((each) => each.isAttack && each.place > place)) {
    const key = CHANGE.exec(path)?.[1]
    const isInHandsOfOthers = original?.user !== undefined
    if (isAttack && answer.status === 200 && key && !isGone && isInHandsOfOthers && original[key] !== undefined) {
      // It was written before the sign-in, and answered after it; or else it is a hole.
      if (!wasAnsweredEarly(answer)) broken.push(`the attacker wrote: ${path}`)
    }
  }
  return broken
}

/** An answer that carries a cookie was made by somebody who held the token at that time. */
function wasAnsweredEarly({ setCookie }: Answer): boolean {
  const jar = new CookieJar()
  jar.accept(setCookie)
  return jar.values.size > 0
}
