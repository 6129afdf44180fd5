import { brokenIn } from '../../support/races/pair-checks'
import { story } from '../../support/races/pair-facts'
import { runTrial } from '../../support/races/pair-run'
import {
  described,
  numbersOf,
  SETTINGS,
  trialOf,
  type Circumstance,
  type Setting,
} from '../../support/races/pair-trial'

// A wait of a random length between two attempts would make an interleaving hard to repeat.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))

/** How many trials each setting makes here; the whole of it is 1,500, from another number each time: `npm run campaign`. */
const RUNS = Number(process.env.CAMPAIGN_RUNS ?? 25)
const FIRST = process.env.CAMPAIGN_RUNS === undefined ? 0 : Math.floor(Date.now() / 1000) % 50_000_000
/** One trial by its number, as a failure prints it: with all that happened. */
const ONE = process.env.PAIR

const PROMISES: Record<Circumstance, string> = {
  'nothing else':
    'R83: R85: two verbs of one request at once keep every promise, and so does another request beside them',
  'nobody awaits the second':
    'R83: R85: two verbs of one request, the second of which nobody awaits, keep every promise',
  'the browser hangs up': 'R83: R86: two verbs of a request whose browser hangs up keep every promise',
  'a call is lost': 'R83: R85: two verbs of one request at once keep every promise where a call of the store is lost',
}

jest.setTimeout(1_800_000)

/** What is wrong with trials, a line each, and how to see one of them again. */
async function failuresOf(numbers: number[]): Promise<string[]> {
  const failures: string[] = []
  for (const number of numbers) {
    const trial = trialOf(number)
    const result = await runTrial(trial)
    const broken = brokenIn(result)
    for (const { check, what } of broken) failures.push(`${check}: ${what} [PAIR=${number}] ${described(trial)}`)
    if (ONE !== undefined) console.log(story(result))
  }
  return failures
}

if (ONE !== undefined) {
  test('R83: R85: R86: the trial that PAIR names is run again and breaks no promise', async () =>
    expect(await failuresOf([Number(ONE)])).toEqual([]))
} else {
  describe.each(groupsOf(SETTINGS))('$name', ({ settings }) => {
    it.each(settings.map((setting) => ({ setting, title: PROMISES[setting.circumstance] })))(
      '$title',
      async ({ setting }) => {
        expect(await failuresOf(numbersOf(setting, { first: FIRST, count: RUNS }))).toEqual([])
      },
    )
  })
}

function groupsOf(settings: readonly Setting[]): { name: string; settings: Setting[] }[] {
  const nameOf = ({ backend, hasOwner }: Setting) => `${backend.name}, ${hasOwner ? 'with' : 'without'} owners`
  const names = Array.from(new Set(settings.map(nameOf)))
  return names.map((name) => ({ name, settings: settings.filter((setting) => nameOf(setting) === name) }))
}
