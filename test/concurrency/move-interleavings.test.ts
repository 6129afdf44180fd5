import fc from 'fast-check'
import { startClock, stopClock } from '../support/clock'
import { describeOnEachStore } from '../support/conditional-backends'
import { hasEffect, race, RUNS } from '../support/race'
import { idOf, readData } from '../support/racing-app'

// A wait of a random length between two attempts would make an interleaving hard to repeat.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))

const graceMs = 60_000
const CHANGES = ['/set/a', '/set/b', '/update/c', '/update/d']
const OTHERS = ['/read', '/touch', '/save']

/** Requests of which at least one and at most so many move the session. */
const parallel = (maxMoves: number) =>
  fc.record({
    paths: fc
      .tuple(fc.shuffledSubarray([...CHANGES, ...OTHERS], { maxLength: 5 }), fc.integer({ min: 1, max: maxMoves }))
      .map(([others, moves]) => [...others, ...Array<string>(moves).fill('/regenerate')]),
    rolling: fc.boolean(),
    processes: fc.constantFrom(1, 2),
    scheduler: fc.scheduler(),
  })

jest.setTimeout(60_000)

describeOnEachStore('requests while the session moves, interleaved at random', (getStore) => {
  let clock: ReturnType<typeof stopClock>
  const onCall = () => clock.advance(1)

  beforeAll(() => {
    clock = stopClock()
  })

  afterAll(startClock)

  it('R12: all finish without error; one session is left, the old id is dead', async () => {
    await fc.assert(
      fc.asyncProperty(parallel(3), async (setting) => {
        const { racing, visitor, answers } = await race({ ...setting, store: getStore(), onCall })
        expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
        expect(await racing.record(idOf(visitor))).toBeUndefined()
        expect(await racing.secrets()).toHaveLength(1)
      }),
      { numRuns: RUNS },
    )
  })

  it('R9: R12: every change that was written to the old id comes along', async () => {
    await fc.assert(
      fc.asyncProperty(parallel(2), async (setting) => {
        const { racing, visitor, calls } = await race({ ...setting, store: getStore(), onCall })
        const oldId = idOf(visitor)
        const written = calls.filter((call) => call.key === oldId && call.method === 'replace' && hasEffect(call))
        const keys = written.map(({ path }) => /^\/(?:set|update)\/(\w)$/.exec(path)?.[1]).filter((key) => key)
        const [session = {}] = await racing.secrets()
        expect(Object.keys(session)).toEqual(expect.arrayContaining(keys))
      }),
      { numRuns: RUNS },
    )
  })

  it('R9: R12: within the grace period every change is kept, whenever it was made', async () => {
    await fc.assert(
      fc.asyncProperty(parallel(3), async (setting) => {
        const { racing, visitor, browsers, answers } = await race({ ...setting, store: getStore(), onCall, graceMs })
        const keys = setting.paths.map((path) => /^\/(?:set|update)\/(\w)$/.exec(path)?.[1]).filter((key) => key)
        const data = Object.fromEntries([['secret', 'secret'], ...keys.map((key) => [key, key])])
        expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
        expect(await racing.secrets()).toHaveLength(1)
        const old = racing.another(visitor)
        for (const browser of [visitor, ...browsers]) expect(await readData(browser)).toEqual(data)
        clock.advance(graceMs + 1)
        expect(await readData(old)).toEqual({})
      }),
      { numRuns: RUNS },
    )
  })
})
