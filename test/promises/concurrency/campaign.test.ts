import fc from 'fast-check'
import { startClock, stopClock } from '../../support/clock'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { brokenIn, type Campaign, MAX_STALE, run, trialsOf } from './campaign'

// A wait of a random length between two attempts would make an interleaving hard to repeat.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))

/** How many trials each campaign makes here; the whole of it is 1,500: `npm run campaign`. */
const RUNS = Number(process.env.CAMPAIGN_RUNS ?? 15)

const CHANGES = ['/set/a', '/set/b', '/update/c', '/update/d', '/increment', '/increment']
const OTHERS = ['/read', '/touch', '/save']
const some = (paths: string[], minLength = 1) => fc.shuffledSubarray(paths, { minLength, maxLength: 4 })
const withSome = (first: string[], others: string[]) => some(others).map((rest) => [...first, ...rest])

const CAMPAIGNS: Campaign[] = [
  { title: 'changes', paths: some([...CHANGES, ...OTHERS], 2) },
  { title: 'rotations', paths: withSome(['/regenerate'], ['/regenerate', ...CHANGES, ...OTHERS]) },
  { title: 'sign-ins', paths: withSome(['/login/ann'], [...CHANGES, ...OTHERS]) },
  { title: 'sign-ins by the owner alone', paths: withSome(['/user/ann'], ['/signout', ...CHANGES, ...OTHERS]) },
  {
    title: 'a sign-in that is submitted twice',
    paths: withSome(['/login/ann', '/login/ann'], [...CHANGES, ...OTHERS]),
  },
  { title: 'logouts', paths: withSome(['/destroy'], ['/regenerate', '/login/ann', '/null', ...CHANGES, ...OTHERS]) },
  { title: 'null, then assigned', paths: withSome(['/restart/new'], ['/regenerate', ...CHANGES, ...OTHERS]) },
  {
    title: 'an attacker who planted the first token',
    paths: withSome(['/login/ann'], [...CHANGES, ...OTHERS]),
    attacks: some(['/set/evil', '/update/wicked', '/read', '/touch', '/save', '/regenerate'], 2),
  },
  {
    title: 'all of them mixed',
    paths: some(
      [...CHANGES, ...OTHERS, '/regenerate', '/login/ann', '/user/ann', '/signout', '/restart/new', '/null'],
      2,
    ),
    attacks: fc.shuffledSubarray(['/set/evil', '/regenerate', '/read'], { maxLength: 2 }),
  },
]

jest.setTimeout(600_000)

describeOnEachStore('requests of one visitor, interleaved at random', (getStore) => {
  let clock: ReturnType<typeof stopClock>

  beforeAll(() => {
    clock = stopClock()
  })

  afterAll(startClock)

  describe.each([false, true])('where calls are lost: %p', (hasFaults) => {
    it.each(CAMPAIGNS)('R53: R54: R55: R11: no order of the calls breaks a promise: $title', async (campaign) => {
      await fc.assert(
        fc.asyncProperty(trialsOf(campaign, { hasFaults }), async (trial) => {
          const result = await run(getStore(), trial, () => clock.advance(1))
          // By then no process answers from its cache.
          clock.advance(2 * MAX_STALE)
          expect(await brokenIn(result, trial)).toEqual([])
        }),
        { numRuns: RUNS },
      )
    })
  })
})
