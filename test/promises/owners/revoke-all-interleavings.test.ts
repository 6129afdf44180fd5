import { AsyncLocalStorage } from 'node:async_hooks'
import fc from 'fast-check'
import type { SessionError } from 'koa-session-service'
import { handleOf } from '../../../src/session/token'
import { type Answer, CookieJar, type Visitor } from '../../support/app/app'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { dataOf, newOwner, OwnedApp, type OwnedStore } from '../../support/owners/owned-app'
import { RUNS } from '../../support/races/race'
import { idOf } from '../../support/races/racing-app'
import { type Fault, ScheduledOwnerStore } from '../../support/races/scheduled-store'
import { onOneClock, skewClocks } from '../../support/owners/skewed-clocks'

// A wait of a random length between two attempts would make an interleaving hard to repeat.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))

/** Sign-ins, and what else requests do with the sessions of an owner. */
const SIGN_INS = ['new', 'anonymous', 'account', 'twin', 'confirm'] as const
const OTHERS = ['set', 'touch', 'regenerate', 'read'] as const
type Kind = (typeof SIGN_INS)[number] | (typeof OTHERS)[number]

/** Who ends the sessions: a job, or a request in one of them, which ends as well or goes on. */
const REVOKERS = ['job', 'all', 'others'] as const

const FAULTS_IN_A_HUNDRED = 6
const TWO_SECONDS = 2000

const settings = ({ hasFaults }: { hasFaults: boolean }) =>
  fc.record({
    early: fc.array(fc.constantFrom<Kind>(...SIGN_INS, ...OTHERS), { minLength: 1, maxLength: 5 }),
    late: fc.array(fc.constantFrom<Kind>('new', 'anonymous', 'account', 'twin'), { maxLength: 3 }),
    /** Those begin at any time, also while all sessions are being ended. */
    amid: fc.array(fc.constantFrom<Kind>('new', 'anonymous', 'account'), { maxLength: 3 }),
    /** Requests to another service on the same store, by somebody of the same name. */
    staff: fc.array(fc.constantFrom<Kind>('new', 'anonymous', 'confirm', 'set'), { maxLength: 2 }),
    revoker: fc.constantFrom(...REVOKERS),
    processes: fc.constantFrom(1, 2),
    skew: fc.constantFrom(-TWO_SECONDS, 0, TWO_SECONDS),
    faults: fc.array(
      fc.integer({ min: 0, max: 99 }).map((lot): Fault => {
        if (!hasFaults || lot >= 2 * FAULTS_IN_A_HUNDRED) return 'none'
        return lot < FAULTS_IN_A_HUNDRED ? 'before' : 'after'
      }),
      { minLength: 60, maxLength: 60 },
    ),
    scheduler: fc.scheduler(),
  })

type Setting = ReturnType<typeof settings> extends fc.Arbitrary<infer T> ? T : never

interface Sent {
  kind: Kind
  name: string
  browser: Visitor
  answer: Answer
}

interface Result {
  site: OwnedApp
  office: OwnedApp
  alice: string
  sent: Sent[]
  /** What was sent to the other service. */
  staffSent: Sent[]
  /** The browser of the request that ended the others, where one did. */
  keeper: Visitor | undefined
  /** Whether a request came before the sessions were ended, or when that was noted. */
  cameBefore: (sent: Sent) => boolean
  cameAfter: (sent: Sent) => boolean
}

/** The store does not fail those who end the sessions: they would try again, and it is not what is tried here. */
const revoking = new AsyncLocalStorage<true>()

async function run(store: OwnedStore, setting: Setting): Promise<Result> {
  const { early, amid, late, staff, revoker, processes, skew, faults, scheduler } = setting
  let calls = 0
  const scheduled = new ScheduledOwnerStore(onOneClock(store), undefined, () =>
    revoking.getStore() ? 'none' : faults[calls++ % faults.length],
  )
  // A note that a session is used is due with every request.
  const options = { store: scheduled, processes, skew, seenEvery: 0.001 }
  const site = new OwnedApp(options)
  const office = new OwnedApp({ ...options, key: 'staff', maxPerOwner: 10 })
  const setMark = scheduled.setMark.bind(scheduled)
  scheduled.setMark = async (owner) => {
    await setMark(owner)
    site.order.push('noted')
  }
  const alice = newOwner()
  const keeper = await site.signedIn(alice)
  const visitWith = async (path: string, app = site): Promise<CookieJar> => {
    const visitor = app.visitor()
    await visitor.get(path)
    return visitor.jar
  }
  // One browser for all of them: it takes the answers in the order in which they come.
  const twins = await visitWith('/set/cart')
  const jarFor = async (kind: Kind, app = site): Promise<CookieJar | undefined> => {
    if (kind === 'new') return undefined
    if (kind === 'twin') return twins
    if (kind === 'anonymous') return visitWith('/set/cart', app)
    return visitWith(`/as/${kind === 'account' ? newOwner('bob') : alice}`, app)
  }
  const jarsFor = async (kinds: Kind[], app = site) => Promise.all(kinds.map((kind) => jarFor(kind, app)))
  const [earlyJars, amidJars, lateJars] = [await jarsFor(early), await jarsFor(amid), await jarsFor(late)]
  const staffJars = await jarsFor(staff, office)
  const sent: Sent[] = []
  const staffSent: Sent[] = []

  const send = async (kind: Kind, name: string, process: number, jar: CookieJar | undefined): Promise<void> => {
    const [app, list] = name.startsWith('staff') ? [office, staffSent] : [site, sent]
    const path = SIGN_INS.includes(kind as never) && kind !== 'confirm' ? `/as/${alice}` : `/${kind}/x`
    const browser = app.visitor(process, jar)
    const answer = await browser.get(path, { 'x-name': name })
    list.push({ kind, name, browser, answer })
  }
  const sendSometime = async (...call: Parameters<typeof send>): Promise<void> => {
    await scheduler.schedule(Promise.resolve(), `${call[1]} begins`)
    await send(...call)
  }
  const revoke = async (): Promise<void> => {
    // At a time of the scheduler's choice, when the early requests have come.
    await scheduler.schedule(Promise.resolve(), 'revokeAll begins')
    site.order.push('revoke')
    if (revoker === 'job') await site.services[processes - 1].revokeAll({ owner: alice })
    else await keeper.get(revoker === 'others' ? '/revokeall?except=current' : '/revokeall')
    site.order.push('revoked')
  }
  await scheduled.race(scheduler, async () => {
    const first = [
      ...early.map((kind, index) => send(kind, `early${index}`, index, earlyJars[index])),
      ...amid.map((kind, index) => sendSometime(kind, `amid${index}`, index, amidJars[index])),
      ...staff.map((kind, index) => sendSometime(kind, `staff${index}`, index, staffJars[index])),
    ]
    const then = revoking
      .run(true, revoke)
      .then(() =>
        revoking.exit(() => Promise.all(late.map((kind, index) => send(kind, `late${index}`, index, lateJars[index])))),
      )
    await Promise.all([...first, then])
  })
  const place = (name: string): number => site.order.indexOf(name)
  return {
    site,
    office,
    alice,
    sent,
    staffSent,
    keeper: revoker === 'others' ? keeper : undefined,
    cameBefore: ({ name }) => place(name) < place('revoke'),
    cameAfter: ({ name }) => place('noted') >= 0 && place(name) > place('noted'),
  }
}

function jarOf({ setCookie }: Answer): CookieJar {
  const jar = new CookieJar()
  jar.accept(setCookie)
  return jar
}

const isSignIn = ({ kind }: Sent): boolean => SIGN_INS.includes(kind as never)

/** What of the promises does not hold: an empty list where all is well. */
async function brokenIn(result: Result, hasFaults: boolean) {
  const { site, office, alice, sent, staffSent, keeper, cameBefore, cameAfter } = result
  const broken: string[] = []
  const isAlice = async (browser: Visitor): Promise<boolean> => (await dataOf(browser)).user === alice
  // Who is signed out by the time of their request has nothing to confirm.
  const codes = [...site.errors, ...office.errors].map((error) => (error as SessionError).code)
  const isUnsure = codes.every((code) => ['ERR_SESSION_UNSURE', 'ERR_SESSION_REQUIRED'].includes(code))
  const isGood = ({ kind, answer: { status } }: Sent): boolean =>
    status === 200 || (status === 503 && (hasFaults || isUnsure)) || (kind === 'confirm' && status === 401)
  for (const each of [...sent, ...staffSent]) if (!isGood(each)) broken.push(`${each.kind}: ${each.answer.status}`)
  for (const each of sent.filter(({ kind }) => kind !== 'twin')) {
    if (cameBefore(each) && (await isAlice(each.browser))) broken.push(`${each.kind} came before, and lives`)
    if (cameAfter(each) && each.answer.status === 200 && !(await isAlice(each.browser))) {
      broken.push(`${each.kind} came after, and is dead`)
    }
  }
  for (const each of staffSent) {
    const isThere = each.answer.status !== 200 || (await isAlice(each.browser))
    if (!isThere) broken.push(`${each.kind} of another service is dead`)
  }
  const twins = sent.filter(({ kind }) => kind === 'twin')
  const later = twins.filter(cameAfter)
  if (later.some(({ answer }) => answer.status === 200) && later.every(({ answer }) => answer.status === 200)) {
    if (!(await isAlice(later[0].browser))) broken.push('twins came after, and are dead')
  }
  if (twins.length > 0 && twins.every(cameBefore) && (await isAlice(twins[0].browser))) {
    broken.push('twins came before, and live')
  }
  const isUnsaved = ({ answer }: Sent): boolean => answer.status === 503 && answer.setCookie.length > 0
  if (sent.filter(isSignIn).some(isUnsaved)) broken.push('a sign-in that failed has set a cookie')
  if (keeper && !(await isAlice(keeper))) broken.push('the one that was to go on is dead')
  // Of two answers to twins, a browser holds what the last one brought.
  const holders = sent.flatMap(({ browser, answer }) => [browser, site.visitor(0, jarOf(answer))])
  const alive = await Promise.all(
    [...holders, ...(keeper ? [keeper] : [])].map(async (browser) =>
      (await isAlice(browser)) ? [handleOf(idOf(browser))] : [],
    ),
  )
  const listed = (await site.services[0].list({ owner: alice })).map(({ handle }) => handle)
  // An answer that is lost may leave a record that nobody holds.
  if (!hasFaults && listed.some((handle) => !alive.flat().includes(handle))) broken.push('a session that nobody holds')
  if (alive.flat().some((handle) => !listed.includes(handle))) broken.push('a session that lives is not listed')
  return broken
}

jest.setTimeout(300_000)

describeOnEachStore('all sessions of an owner are ended, interleaved at random', (getStore) => {
  let restore: () => void

  beforeAll(() => {
    restore = skewClocks()
  })

  afterAll(() => restore())

  it.each([
    { title: 'every call works', hasFaults: false, share: 3 },
    { title: 'calls fail before and after their effect', hasFaults: true, share: 2 },
  ])(
    'R67: R87: R90: no sign-in that came before lives, each that came after does; $title',
    async ({ hasFaults, share }) => {
      await fc.assert(
        fc.asyncProperty(settings({ hasFaults }), async (setting) => {
          const result = await run(getStore() as OwnedStore, setting)
          expect(await brokenIn(result, hasFaults)).toEqual([])
        }),
        { numRuns: share * RUNS },
      )
    },
  )
})
