import fc from 'fast-check'
import { startClock, stopClock } from '../../support/clock'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { race, RUNS } from '../../support/races/race'
import { idOf, readData } from '../../support/races/racing-app'

// A wait of a random length between two attempts would make an interleaving hard to repeat.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))

const LOGOUTS = ['/null', '/destroy', '/restart/new']
const OTHERS = ['/set/late', '/read', '/touch', '/save', '/remember', '/update/late', '/delete/late']
/** What gives the session another token; two of them sign the visitor in. */
const ROTATIONS = ['/regenerate', '/login/alice', '/user/alice']

/** A logout and other requests, at least one, all at once. */
const parallel = (others: string[]) =>
  fc.record({
    paths: fc
      .tuple(fc.constantFrom(...LOGOUTS), fc.array(fc.constantFrom(...others), { minLength: 1, maxLength: 4 }))
      .map(([logout, rest]) => [logout, ...rest]),
    rolling: fc.boolean(),
    processes: fc.constantFrom(1, 2),
    scheduler: fc.scheduler(),
  })

jest.setTimeout(60_000)

describeOnEachStore('a logout among parallel requests, interleaved at random', (getStore) => {
  let clock: ReturnType<typeof stopClock>
  const onCall = () => clock.advance(1)

  beforeAll(() => {
    clock = stopClock()
  })

  afterAll(startClock)

  it('R11: no parallel request brings a session back that a logout has ended', async () => {
    await fc.assert(
      fc.asyncProperty(parallel(OTHERS), async (setting) => {
        const { racing, visitor, browsers, answers } = await race({ ...setting, store: getStore(), onCall })
        expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
        expect(await racing.secrets()).toEqual([])
        expect(await racing.record(idOf(visitor))).toBeUndefined()
        for (const browser of browsers) expect(await readData(browser)).not.toHaveProperty('secret')
      }),
      { numRuns: RUNS },
    )
  })

  it.each([false, true])(
    'R11: a logout ends the session beside rotations too, whichever is first (owner: %p)',
    async (hasOwner) => {
      const options = hasOwner ? { owner: ({ user }: Record<string, unknown>) => user as string } : {}
      await fc.assert(
        fc.asyncProperty(parallel([...OTHERS, ...ROTATIONS]), async (setting) => {
          const { racing, visitor, browsers, answers } = await race({
            ...setting,
            ...options,
            store: getStore(),
            onCall,
          })
          expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
          expect(racing.errors).toEqual([])
          expect(await racing.secrets()).toEqual([])
          expect(await racing.record(idOf(visitor))).toBeUndefined()
          for (const browser of browsers) expect(await readData(browser)).not.toHaveProperty('secret')
        }),
        { numRuns: RUNS },
      )
    },
  )
})
