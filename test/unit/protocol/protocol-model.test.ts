import { everyInterleaving, opens, request, worldWith, type Data, type Intent, type World } from './model'

/** What is tried: some requests of one browser, and of an attacker who planted its first token. */
interface Scenario {
  title: string
  data?: Data
  intents: Intent[]
  /** Whether the attacker has the first token, as after planting it. */
  isPlanted?: boolean
}

const SIGN_IN: Intent = { name: 'sign-in', sets: { user: 'ann' }, regenerates: true }
const CHANGE: Intent = { name: 'change', sets: { cart: 'tea' } }
const HYGIENE: Intent = { name: 'hygiene', regenerates: true }
const LOGOUT: Intent = { name: 'logout', logsOut: true }
const AGAIN = { name: 'again' }

const SCENARIOS: Scenario[] = [
  { title: 'a change beside a sign-in', intents: [SIGN_IN, CHANGE] },
  { title: 'two changes beside a sign-in', intents: [SIGN_IN, CHANGE, { name: 'other', sets: { note: 'x' } }] },
  { title: 'two sign-ins at once', intents: [SIGN_IN, { ...SIGN_IN, ...AGAIN }] },
  { title: 'two sign-ins at once, and a change', intents: [SIGN_IN, { ...SIGN_IN, ...AGAIN }, CHANGE] },
  { title: 'sign-ins as two accounts', intents: [SIGN_IN, { ...SIGN_IN, name: 'bob', sets: { user: 'bob' } }] },
  { title: 'a logout beside a sign-in', intents: [SIGN_IN, LOGOUT] },
  { title: 'a logout beside a rotation and a change', intents: [HYGIENE, LOGOUT, CHANGE], data: { user: 'ann' } },
  { title: 'two rotations and a change', intents: [HYGIENE, { ...HYGIENE, ...AGAIN }, CHANGE], data: { user: 'ann' } },
  { title: 'a rotation, and a change that comes later', intents: [HYGIENE, { ...CHANGE, isLater: true }] },
  { title: 'a sign-in, and one that comes later', intents: [SIGN_IN, { ...SIGN_IN, ...AGAIN, isLater: true }] },
  { title: 'a sign-in, and a logout that comes later', intents: [SIGN_IN, { ...LOGOUT, isLater: true }] },
  {
    title: 'an attacker who planted the token, and changes',
    intents: [SIGN_IN, { ...CHANGE, isForeign: true, name: 'attacker' }, { ...CHANGE, isLater: true }],
    isPlanted: true,
  },
  {
    title: 'an attacker who planted the token, and regenerates',
    intents: [SIGN_IN, { ...HYGIENE, isForeign: true, name: 'attacker' }, { ...HYGIENE, name: 'two', isForeign: true }],
    isPlanted: true,
  },
  {
    title: 'an attacker who planted the token, and signs in',
    intents: [SIGN_IN, { ...SIGN_IN, sets: { user: 'eve' }, isForeign: true, name: 'attacker' }],
    isPlanted: true,
  },
]

/** Every request of a scenario may lose one call, before or after its effect. */
const withFaults = (intents: Intent[]): Intent[][] => [
  intents,
  ...intents.flatMap((_, index) =>
    (['before', 'after'] as const).map((fault) =>
      intents.map((intent, at) => (at === index ? { ...intent, fault } : intent)),
    ),
  ),
]

describe.each([true, false])('every interleaving, with owners: %p', (hasOwners) => {
  test.each(SCENARIOS)(
    'R53: R54: R55: no order of the steps breaks a promise about tokens: $title',
    ({ intents, data = {}, isPlanted = false }) => {
      let count = 0
      for (const faulty of withFaults(intents)) {
        const start = () => {
          const world = worldWith({ ...data, planted: 'x' }, { hasOwners })
          const first = world.browser
          const actors = faulty.map((intent) => {
            return request(world, intent.isForeign ? { ...intent, token: first } : intent, hasOwners)
          })
          firstToken = first
          return { world, actors }
        }
        let firstToken = ''
        count += everyInterleaving(start, (world, order) => {
          const broken = brokenIn(world, firstToken, faulty, { hasOwners, isPlanted })
          if (broken.length === 0) return
          const found = { faulty: faulty.map(({ name, fault }) => [name, fault]), order, log: world.log }
          expect({ ...found, broken }).toEqual({ ...found, broken: [] })
        })
      }
      expect(count).toBeGreaterThan(intents.length)
    },
  )
})

/** What of the promises does not hold in the end. */
function brokenIn(
  world: World,
  firstToken: string,
  intents: Intent[],
  { hasOwners, isPlanted }: { hasOwners: boolean; isPlanted: boolean },
): string[] {
  const broken: string[] = []
  const { log, records } = world
  const of = (name: string) => intents.find((intent) => intent.name === name) as Intent
  for (const { what, id = '', key = '' } of log) {
    if (what === 'logged out' && records.has(id)) broken.push('an ended session lives')
    if (what === 'wrote' && key && records.has(id) && records.get(id)?.data[key] === undefined) {
      broken.push('what was acknowledged is lost')
    }
  }
  const signIns = log.filter(
    ({ what, actor, user }) => what !== 'read' && what !== 'failed' && user && !of(actor).isForeign,
  )
  const hasEnded =
    log.some(({ what }) => what === 'logged out') || intents.some(({ fault, logsOut }) => fault && logsOut)
  if (signIns.length > 0 && !hasEnded && !opens(world, world.browser)?.user) broken.push('the browser is signed out')
  if (world.browser !== '' && world.browser !== firstToken && !opens(world, world.browser) && !hasEnded) {
    broken.push('the browser holds a dead token')
  }
  const lates = log.filter(({ isLate }) => isLate).map(({ actor }) => actor)
  for (const { what, actor } of log) {
    const { sets, isForeign } = of(actor)
    if (what === 'gone' && sets?.user && !isForeign) broken.push('a sign-in was dropped')
    if (what === 'wrote' && lates.includes(actor) && !sets?.user && hasOwners) broken.push('a late request wrote')
  }
  const accounts = Array.from(records.values(), ({ data }) => data.user).filter((user) => user !== undefined)
  if (hasOwners && !hasEnded && new Set(accounts).size < accounts.length) broken.push('two sessions of one account')
  if (isPlanted) {
    const isSignedIn = signIns.length > 0
    if (isSignedIn && opens(world, firstToken)?.user === 'ann') broken.push('the planted token opens the session')
    if (log.some(({ actor, user }) => of(actor).isForeign && user === 'ann')) broken.push('the attacker saw it')
    const signedInAt = log.findIndex(({ what, user, id }) => what !== 'read' && user === 'ann' && id === 'id0')
    const wroteAt = log.findLastIndex(({ what, actor, id }) => of(actor).isForeign && what === 'wrote' && id === 'id0')
    if (signedInAt >= 0 && wroteAt > signedInAt) broken.push('the attacker wrote after the sign-in')
  }
  return broken
}
