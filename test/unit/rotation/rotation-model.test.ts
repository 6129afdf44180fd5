import { randomFrom } from '../../support/races/rotation-simulation'
import { everyOrder, MINUTE, play, World, type Broken, type Page, type Plan } from './model'

/** `npm run model:rotation` tries all orders of each scenario, or half a million; the suite some. */
const MOST = process.env.MODEL_WHOLE ? 500_000 : 3000
const SOME = process.env.MODEL_WHOLE ? 20_000 : 300

const READ: Plan = { client: 'browser' }
const THIEF: Plan = { client: 'thief' }
const LOST: Plan = { ...READ, isLost: true }
const CONFIRM: Plan = { ...READ, confirms: true }
const SECOND = 1000
const USED: Page = { pause: SECOND, requests: [READ] }
const page = (pause: number, ...requests: Plan[]): Page => ({ pause, requests })

/** Without a thief: the browser stays signed in, whatever the order. */
const HONEST: [string, Page[]][] = [
  [
    'two requests at each of three periods',
    [
      USED,
      page(10 * MINUTE, READ, READ),
      page(MINUTE, READ, READ),
      page(10 * MINUTE, READ, READ),
      page(MINUTE, READ, READ),
    ],
  ],
  ['three requests, and their successors', [USED, page(10 * MINUTE, READ, READ, READ), page(SECOND, READ, READ)]],
  ['an answer that is lost', [USED, page(10 * MINUTE, LOST, READ), page(MINUTE, READ, LOST), page(MINUTE, READ, READ)]],
  [
    'every answer that is lost, and a long rest',
    [USED, page(10 * MINUTE, LOST, LOST), page(MINUTE, LOST), page(20 * MINUTE, READ, LOST), page(3 * MINUTE, READ)],
  ],
  [
    'writes that fail before and after their effect',
    [
      USED,
      page(10 * MINUTE, { ...READ, fault: 'after' }, READ),
      page(MINUTE, { ...READ, fault: 'before' }, READ),
      page(MINUTE, READ),
    ],
  ],
  [
    'the first use that nobody noted',
    [
      page(SECOND, { ...READ, fault: 'before' }, { ...READ, fault: 'after' }),
      page(11 * MINUTE, READ, READ),
      page(MINUTE, READ),
    ],
  ],
  [
    'a confirm() beside other requests',
    [USED, page(10 * MINUTE, CONFIRM, READ), page(12 * SECOND, READ, READ), page(MINUTE, READ)],
  ],
  [
    'a confirm() whose answer is lost',
    [USED, page(MINUTE, { ...CONFIRM, isLost: true }, READ), page(MINUTE, READ, READ)],
  ],
  ['two confirm() at once', [USED, page(MINUTE, CONFIRM, CONFIRM), page(12 * SECOND, READ, READ), page(MINUTE, READ)]],
  [
    'two confirm() at once, and a request with the token of the first answer',
    [USED, page(MINUTE, CONFIRM, CONFIRM, READ), page(MINUTE, READ), page(20 * MINUTE, READ, READ)],
  ],
  [
    'five confirm() at once, and a long rest',
    [
      USED,
      page(MINUTE, CONFIRM, CONFIRM, CONFIRM, CONFIRM, CONFIRM),
      page(20 * MINUTE, READ, READ),
      page(MINUTE, READ),
    ],
  ],
  [
    'a request that reads, and four confirm(), at once',
    [USED, page(10 * MINUTE, READ, CONFIRM, CONFIRM, CONFIRM, CONFIRM), page(3 * MINUTE, READ), page(MINUTE, READ)],
  ],
  [
    'confirm() twice in a row',
    [USED, page(MINUTE, CONFIRM), page(12 * SECOND, CONFIRM, READ), page(12 * SECOND, READ), page(MINUTE, READ)],
  ],
  [
    'an upload that a proxy holds back',
    [USED, page(10 * MINUTE, READ, READ, { ...READ, held: 5 * MINUTE }), page(3 * MINUTE, READ)],
  ],
]

/** With a copy, and both at work for two periods: it is told once, and both are out. */
const STOLEN: [string, Page[]][] = [
  ['both at once', [USED, page(10 * MINUTE, READ, THIEF), ...working(READ, THIEF)]],
  ['the thief first', [USED, page(10 * MINUTE, THIEF), page(SECOND, THIEF, READ), ...working(READ, THIEF)]],
  [
    'the thief throws everything away',
    [USED, page(10 * MINUTE, { ...THIEF, isLost: true }, READ), ...working(READ, { ...THIEF, isLost: true })],
  ],
]

function working(...requests: Plan[]): Page[] {
  return Array.from({ length: 26 }, () => page(MINUTE, ...requests))
}

function outcomesOf(pages: Page[]): { count: number; out: number; alarms: number } {
  const found = { count: 0, out: 0, alarms: 0 }
  const check = (world: World): void => {
    if (!world.isIn(world.clients.browser)) found.out++
    if (world.replays > 0) found.alarms++
    expect(new Set(world.handed).size).toBe(world.handed.length)
  }
  found.count = everyOrder(() => new World(undefined), pages, check, MOST)
  // Of too many, those that were tried differ in their last steps alone.
  const random = randomFrom(5)
  for (let run = 0; found.count === MOST && run < SOME; run++) {
    check(play(new World(undefined), pages, (count) => Math.floor(random() * count)))
  }
  return found
}

test.each(HONEST)(
  'R114: R117: a browser without a thief stays signed in, in every order of the steps: %s',
  (_title, pages) => {
    const found = outcomesOf(pages)
    expect(found).toEqual({ count: found.count, out: 0, alarms: 0 })
    expect(found.count).toBeGreaterThan(1)
  },
)

test.each(STOLEN)(
  'R115: a copy is told once, and both are out, whatever the order of the steps: %s',
  (_title, pages) => {
    const random = randomFrom(7)
    for (let run = 0; run < SOME; run++) {
      const world = play(new World(undefined), pages, (count) => Math.floor(random() * count))
      expect([world.replays, world.isIn(world.clients.browser), world.isIn(world.clients.thief)]).toEqual([
        1,
        false,
        false,
      ])
    }
  },
)

test('R117: no request with an earlier token is confirmed by another one', () => {
  const pages = [USED, page(MINUTE, CONFIRM, THIEF), page(12 * SECOND, READ, THIEF), page(MINUTE, READ)]
  everyOrder(
    () => new World(undefined),
    pages,
    ({ access, clients }) => {
      // What the thief holds was handed out without a proof: it is of the past once the owner's is used.
      expect(access === undefined || access.generation === 1).toBe(true)
      expect(clients.thief.text).not.toBe(clients.browser.text)
    },
    MOST,
  )
})

/** Three requests, of which one may be under way while the others are done. */
const AFTER: Page[] = [page(2 * MINUTE, READ), page(2 * MINUTE, READ)]

test.each<[Broken, Page[]]>([
  ['repeats tokens', [USED, page(10 * MINUTE, READ, READ, READ), ...AFTER]],
  ['drops siblings', [USED, page(10 * MINUTE, READ, READ, READ), ...AFTER]],
  ['judges uploads', [USED, page(10 * MINUTE, READ, READ, { ...READ, held: 5 * MINUTE }), ...AFTER]],
])(
  'R114: the search finds what is wrong where the library %s, and nothing where the library does not',
  (broken, pages) => {
    expect([wrongIn(pages, broken) > 0, wrongIn(pages, undefined)]).toEqual([true, 0])
  },
)

/** In how many random orders a browser without a thief is out, or an alarm is raised. */
function wrongIn(pages: Page[], broken: Broken): number {
  const random = randomFrom(3)
  let wrong = 0
  for (let run = 0; run < 5 * SOME; run++) {
    const world = play(new World(broken), pages, (count) => Math.floor(random() * count))
    if (world.replays > 0 || !world.isIn(world.clients.browser)) wrong++
  }
  return wrong
}
