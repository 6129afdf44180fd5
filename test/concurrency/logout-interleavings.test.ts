import fc from 'fast-check'
import { startClock, stopClock } from '../support/clock'
import { describeOnEachStore } from '../support/conditional-backends'
import { hasEffect, race, RUNS } from '../support/race'
import { idOf, readData } from '../support/racing-app'

// A wait of a random length between two attempts would make an interleaving hard to repeat.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))

const LOGOUTS = ['/null', '/destroy', '/restart/new']
const OTHERS = ['/set/late', '/read', '/touch', '/save', '/remember', '/update/late', '/delete/late']

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

  it('R11: no request brings the session back', async () => {
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

  it('R11: R12: the session lives on only where it had moved before the logout, under one new id', async () => {
    await fc.assert(
      fc.asyncProperty(parallel([...OTHERS, '/regenerate']), async (setting) => {
        const { racing, visitor, browsers, answers, calls } = await race({ ...setting, store: getStore(), onCall })
        const oldId = idOf(visitor)
        const ofOldId = calls.filter((call) => call.key === oldId && hasEffect(call))
        const moved = ofOldId.findIndex(({ path }) => path === '/regenerate')
        const ended = ofOldId.findIndex(({ path, method }) => LOGOUTS.includes(path) && method === 'destroy')
        const livesOn = moved >= 0 && (ended < 0 || moved < ended)
        expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
        expect(await racing.secrets()).toHaveLength(livesOn ? 1 : 0)
        expect(await racing.record(oldId)).toBeUndefined()
        for (const [index, browser] of browsers.entries()) {
          const data = await readData(browser)
          if (setting.paths[index] !== '/regenerate') expect(data).not.toHaveProperty('secret')
        }
      }),
      { numRuns: RUNS },
    )
  })

  it('R11: R12: within the grace period a logout ends the session also where it has moved', async () => {
    await fc.assert(
      fc.asyncProperty(parallel([...OTHERS, '/regenerate']), async ({ paths, ...setting }) => {
        // A session is followed through four moves.
        const { racing, answers } = await race({ ...setting, paths, store: getStore(), onCall, graceMs: 60_000 })
        expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
        expect(await racing.secrets()).toEqual([])
      }),
      { numRuns: RUNS },
    )
  })
})
