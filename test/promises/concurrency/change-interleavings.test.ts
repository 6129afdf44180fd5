import fc from 'fast-check'
import { startClock, stopClock } from '../../support/clock'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { race, RUNS } from '../../support/races/race'
import { readData } from '../../support/races/racing-app'

// A wait of a random length between two attempts would make an interleaving hard to repeat.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))

const BEFORE = ['/set/old0', '/set/old1']
const CHANGES = ['/set/a', '/set/b', '/update/c', '/update/d', '/delete/old0', '/delete/old1', '/add/5']

const environment = { rolling: fc.boolean(), processes: fc.constantFrom(1, 2, 3), scheduler: fc.scheduler() }

jest.setTimeout(60_000)

describeOnEachStore('parallel requests that change one session, interleaved at random', (getStore) => {
  let clock: ReturnType<typeof stopClock>
  const onCall = () => clock.advance(1)

  beforeAll(() => {
    clock = stopClock()
  })

  afterAll(startClock)

  it('R9: every change of a key by parallel requests is kept, deletions too, in any order of the calls', async () => {
    const settings = fc.record({ ...environment, paths: fc.shuffledSubarray([...CHANGES, '/read', '/touch', '/save']) })
    await fc.assert(
      fc.asyncProperty(settings, async (setting) => {
        const { visitor, answers } = await race({ ...setting, store: getStore(), onCall, before: BEFORE })
        expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
        expect(await readData(visitor)).toEqual(afterAllOf(setting.paths))
      }),
      { numRuns: RUNS },
    )
  })

  it('R10: every increment made with update() counts, and no other change is undone, in any order of the calls', async () => {
    const paths = fc
      .tuple(fc.shuffledSubarray(['/set/a', '/delete/old0', '/read', '/touch']), fc.integer({ min: 1, max: 5 }))
      .map(([others, increments]) => [...others, ...Array<string>(increments).fill('/increment')])
    await fc.assert(
      fc.asyncProperty(fc.record({ ...environment, paths }), async (setting) => {
        const { visitor, answers } = await race({ ...setting, store: getStore(), onCall, before: BEFORE })
        expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
        const views = setting.paths.filter((path) => path === '/increment').length
        expect(await readData(visitor)).toEqual({ ...afterAllOf(setting.paths), views })
      }),
      { numRuns: RUNS },
    )
  })

  it('R9: onConflict makes a sum of what all parallel requests have added', async () => {
    const paths = fc.shuffledSubarray(['/add/1', '/add/2', '/add/4', '/add/8', '/read'], { minLength: 2 })
    const onConflict = (base: Views, mine: Views, theirs: Views) => ({
      ...theirs,
      views: (mine.views ?? 0) + (theirs.views ?? 0) - (base.views ?? 0),
    })
    await fc.assert(
      fc.asyncProperty(fc.record({ ...environment, paths }), async (setting) => {
        const { visitor } = await race({ ...setting, store: getStore(), onCall, onConflict })
        const sum = setting.paths.reduce((total, path) => total + Number(/add\/(\d)/.exec(path)?.[1] ?? 0), 0)
        expect(await readData(visitor)).toEqual({ secret: 'secret', views: sum })
      }),
      { numRuns: RUNS },
    )
  })
})

interface Views {
  views?: number
}

/** What the session holds after all these requests, in whatever order. */
function afterAllOf(paths: string[]): Record<string, unknown> {
  const data: Record<string, unknown> = { secret: 'secret', old0: 'old0', old1: 'old1' }
  for (const path of paths) {
    const [, verb, key = ''] = path.split('/')
    if (verb === 'set' || verb === 'update') data[key] = key
    if (verb === 'delete') delete data[key]
    if (verb === 'add') data.views = Number(key)
  }
  return data
}
