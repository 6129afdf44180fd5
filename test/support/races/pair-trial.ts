import fc from 'fast-check'
import type { Fault } from './scheduled-store'
import { PAIR_BACKENDS, type PairBackend } from './pair-store'
import { RIVALS, VERBS, type Verb } from './verbs'

/** What else happens beside two verbs and a rival. */
export type Circumstance = 'nothing else' | 'nobody awaits the second' | 'the browser hangs up' | 'a call is lost'

const CIRCUMSTANCES: Circumstance[] = [
  'nothing else',
  'nobody awaits the second',
  'the browser hangs up',
  'a call is lost',
]

/** What all trials of a test have in common. */
export interface Setting {
  backend: PairBackend
  hasOwner: boolean
  circumstance: Circumstance
}

export const SETTINGS: readonly Setting[] = PAIR_BACKENDS.flatMap((backend) =>
  [false, true].flatMap((hasOwner) => CIRCUMSTANCES.map((circumstance) => ({ backend, hasOwner, circumstance }))),
)

/** One request with two verbs at once, and another request beside it. */
export interface Trial extends Setting {
  first: Verb
  second: Verb
  /** What the other request does: one thing, or two at once as well. */
  rivals: readonly Verb[]
  /** Somebody is signed in before. */
  isSignedIn: boolean
  rolling: boolean
  /** The second verb begins at a moment of the scheduler's choice, and not at once. */
  isStaggered: boolean
  /** After its verbs the page takes its time. */
  isSlow: boolean
  /** The browser hangs up before the first verb, and not at any moment. */
  hangsUpFirst: boolean
  /** Which of the calls of the store is lost, and how. */
  lost: { call: number; fault: Fault }
  scheduler: fc.Scheduler
}

const PAIRS = VERBS.flatMap((first) => VERBS.map((second): [Verb, Verb] => [first, second]))

/** A number that shares no factor with how many pairs there are: neighbours are no variations of one verb. */
const STRIDE = 100

/** The numbers of so many trials of a setting, from one that all settings begin with. */
export function numbersOf(setting: Setting, { first, count }: { first: number; count: number }): number[] {
  return Array.from({ length: count }, (_, index) => (first + index) * SETTINGS.length + SETTINGS.indexOf(setting))
}

/** The trial of a number: the same for the same number. */
export function trialOf(number: number): Trial {
  const place = number % SETTINGS.length
  const setting = SETTINGS[place]
  const [first, second] = PAIRS[(Math.floor(number / SETTINGS.length) * STRIDE + place * 7) % PAIRS.length]
  const { circumstance } = setting
  const drawn = fc.record({
    rivals: rivalsOf(first, second),
    isSignedIn: fc.boolean(),
    rolling: fc.nat({ max: 3 }).map((lot) => lot === 0),
    isStaggered: fc.boolean(),
    isSlow: fc.boolean(),
    hangsUpFirst: fc.boolean(),
    lost: fc.record({ call: fc.nat({ max: 9 }), fault: fc.constantFrom<Fault>('before', 'after') }),
    scheduler: fc.scheduler(),
  })
  const [lots] = fc.sample(fc.noBias(drawn), { seed: number, numRuns: 1 })
  // A verb that nobody awaits begins before the handler ends.
  const isStaggered = lots.isStaggered && circumstance !== 'nobody awaits the second'
  return { ...setting, ...lots, first, second, isStaggered }
}

/** Half of the rivals want what the two verbs want: that is where something can be lost. */
function rivalsOf(first: Verb, second: Verb): fc.Arbitrary<Verb[]> {
  const alike = RIVALS.filter(({ takes, counts }) => {
    return [first, second].some((verb) => (takes && verb.takes) || (counts !== undefined && counts === verb.counts))
  })
  const any = fc.constantFrom(...RIVALS)
  const one = alike.length > 0 ? fc.oneof(fc.constantFrom(...alike), any) : any
  return fc.oneof(
    { arbitrary: one.map((verb) => [verb]), weight: 2 },
    { arbitrary: fc.tuple(one, any).map((pair) => Array.from(new Set(pair))), weight: 1 },
  )
}

/** A trial in a line, for who reads that it failed. */
export function described(trial: Trial): string {
  const { first, second, rivals, isSignedIn, rolling, isStaggered, isSlow, hangsUpFirst, lost, circumstance } = trial
  const notes = [
    isSignedIn && trial.hasOwner && 'signed in',
    rolling && 'rolling',
    isStaggered && 'the second a little later',
    isSlow && 'a slow page',
    circumstance === 'the browser hangs up' && (hangsUpFirst ? 'hung up before the verbs' : 'hangs up meanwhile'),
    circumstance === 'a call is lost' && `call ${lost.call} lost ${lost.fault} its effect`,
  ]
  const where = [trial.backend.name, trial.hasOwner ? 'owner' : 'no owner', circumstance].join(', ')
  return [
    `${where}: ${first.name} beside ${second.name}, rival ${rivals.map(({ name }) => name).join(' beside ')}`,
    ...notes.filter(Boolean),
  ].join('; ')
}
