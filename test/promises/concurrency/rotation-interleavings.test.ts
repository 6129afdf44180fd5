import fc from 'fast-check'
import { Visitor } from '../../support/app/app'
import { startClock, stopClock } from '../../support/clock'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { hasEffect, race, RUNS, type Outcome } from '../../support/races/race'
import { idOf, type RacingAppOptions, readData, tokenOf } from '../../support/races/racing-app'

// A wait of a random length between two attempts would make an interleaving hard to repeat.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))

const CHANGES = ['/set/a', '/set/b', '/update/c', '/update/d']
const OTHERS = ['/read', '/touch', '/save']
/** How long a token that was rotated away still counts as one of a request that is under way. */
const LATE_MS = 10_000

const owner: RacingAppOptions['owner'] = ({ user }) => user as string | undefined

const environment = { rolling: fc.boolean(), processes: fc.constantFrom(1, 2), scheduler: fc.scheduler() }

/** Requests of which at least one and at most so many regenerate the session. */
const parallel = (most: number) =>
  fc.record({
    paths: fc
      .tuple(fc.shuffledSubarray([...CHANGES, ...OTHERS], { maxLength: 5 }), fc.integer({ min: 1, max: most }))
      .map(([others, count]) => [...others, ...Array<string>(count).fill('/regenerate')]),
    ...environment,
  })

/** The data that these requests write. */
function dataOf(paths: string[]): Record<string, string> {
  const keys = paths.map((path) => /^\/(?:set|update)\/(\w)$/.exec(path)?.[1]).filter((key) => key !== undefined)
  return Object.fromEntries(keys.map((key) => [key, key]))
}

/** The place of the one write that changed the token. */
function rotationIn({ calls }: Outcome): number {
  const secrets = new Set<string>()
  const rotations = calls.flatMap(({ path, secret, ...call }, place) => {
    if (path !== '/regenerate' || !secret || secrets.has(secret) || !hasEffect({ path, ...call })) return []
    secrets.add(secret)
    return [place]
  })
  expect(rotations).toHaveLength(1)
  return rotations[0]
}

/** The browsers that were given a new token. */
function holdersIn({ visitor, browsers }: Outcome): Visitor[] {
  return browsers.filter((browser) => tokenOf(browser) !== tokenOf(visitor))
}

jest.setTimeout(60_000)

describeOnEachStore('requests while the session is regenerated, interleaved at random', (getStore) => {
  let clock: ReturnType<typeof stopClock>
  const onCall = () => clock.advance(1)

  beforeAll(() => {
    clock = stopClock()
  })

  afterAll(startClock)

  it('R12, R53: all requests beside rotations finish without error; one record is left under its key, which one token opens', async () => {
    await fc.assert(
      fc.asyncProperty(parallel(3), async (setting) => {
        const outcome = await race({ ...setting, store: getStore(), onCall })
        const { racing, visitor, answers } = outcome
        expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
        expect(racing.errors).toEqual([])
        expect(await racing.records()).toEqual([await racing.record(idOf(visitor))])
        const [holder, ...more] = holdersIn(outcome)
        expect(more).toEqual([])
        expect(await readData(holder)).toHaveProperty('secret')
        expect(await readData(visitor)).toEqual({})
        clock.advance(LATE_MS)
        expect(await readData(visitor)).toEqual({})
      }),
      { numRuns: RUNS },
    )
  })

  it('R9, R53: every change written before a rotation comes along, and nothing is written with the old token after it', async () => {
    await fc.assert(
      fc.asyncProperty(parallel(3), async (setting) => {
        const outcome = await race({ ...setting, store: getStore(), onCall })
        const { calls } = outcome
        const place = rotationIn(outcome)
        const before = calls.slice(0, place).filter((call) => call.method === 'replace' && hasEffect(call))
        expect(calls.slice(place + 1).filter(hasEffect)).toEqual([])
        const data = dataOf(before.map(({ path }) => path))
        expect(await readData(holdersIn(outcome)[0])).toEqual({ secret: 'secret', ...data })
      }),
      { numRuns: RUNS },
    )
  })

  it('R12: every change of a request that was under way at a rotation is kept where the session keeps its owner', async () => {
    await fc.assert(
      fc.asyncProperty(parallel(3), async (setting) => {
        const before = ['/user/alice']
        const outcome = await race({
          ...setting,
          store: getStore(),
          onCall,
          owner,
          before,
        })
        const { racing, answers, calls } = outcome
        const place = rotationIn(outcome)
        const begun = calls.slice(0, place).filter(({ method }) => method === 'read')
        const data = { secret: 'secret', user: 'alice', ...dataOf(begun.map(({ path }) => path)) }
        expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
        expect(racing.errors).toEqual([])
        expect(await racing.records()).toHaveLength(1)
        const [holder, ...more] = holdersIn(outcome)
        expect(more).toEqual([])
        expect(await readData(holder)).toEqual(data)
      }),
      { numRuns: RUNS },
    )
  })
})

describeOnEachStore('a sign-in that is sent twice at once, interleaved at random', (getStore) => {
  /** The same browser, as the two answers to the sign-in reach it in one order and in the other. */
  function inBothOrders({ racing, visitor, answers: [first, second] }: Outcome): Visitor[] {
    const orders = [
      [first, second],
      [second, first],
    ]
    return orders.map((answers) => {
      const jar = visitor.jar.copy()
      for (const { setCookie } of answers) jar.accept(setCookie)
      return new Visitor(racing.apps[0], jar)
    })
  }

  const setting = fc.record({ ...environment, others: fc.shuffledSubarray(['/set/a', '/read', '/touch']) })

  describe.each([
    { title: 'with "owner"', options: { owner } },
    { title: 'without "owner"', options: {} },
  ])('$title', ({ options }) => {
    const paths = options.owner ? ['/user/alice', '/login/alice'] : ['/login/alice']
    it.each(paths)(
      'R55: both answers to a sign-in by %s that is sent twice are 200, and the browser ends signed in',
      async (path) => {
        await fc.assert(
          fc.asyncProperty(setting, async ({ others, ...rest }) => {
            const paths = [path, path, ...others]
            const outcome = await race({ ...rest, ...options, paths, store: getStore() })
            expect(outcome.answers.map(({ status }) => status)).toEqual(paths.map(() => 200))
            expect(outcome.racing.errors).toEqual([])
            for (const browser of inBothOrders(outcome))
              expect(await readData(browser)).toMatchObject({ user: 'alice' })
          }),
          { numRuns: RUNS },
        )
      },
    )
  })

  it('R55: a sign-in that is sent twice with "owner" ends in one session, with what it held before', async () => {
    await fc.assert(
      fc.asyncProperty(setting, async ({ others, ...rest }) => {
        const paths = ['/user/alice', '/user/alice', ...others]
        const outcome = await race({ ...rest, paths, store: getStore(), owner })
        expect(await outcome.racing.secrets()).toHaveLength(1)
        const [[, browser]] = [inBothOrders(outcome)]
        expect(await outcome.racing.record(idOf(browser))).toMatchObject({ secret: 'secret', user: 'alice' })
      }),
      { numRuns: RUNS },
    )
  })
})
