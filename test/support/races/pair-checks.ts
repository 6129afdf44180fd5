import {
  acknowledged,
  heard,
  isUndone,
  mayBeSignedOut,
  mayBeginAnother,
  mayEnd,
  mayLoseData,
  shouldBeSignedIn,
  startsAnew,
  verbsOf,
} from './pair-facts'
import type { Done, Result } from './pair-result'

/** What has to be true of every trial. */
interface Check {
  name: string
  /** Says what is wrong; undefined where nothing is. */
  wrong: (result: Result) => string | undefined
}

const COUNTERS = ['n', 'logins'] as const
const ROTATED = 'nothing: it was rotated away'

const CHECKS: readonly Check[] = [
  {
    name: 'every request is answered, and every verb ends',
    wrong: ({ waits, done, answers, hasHungUp }) => {
      if (!waits) return undefined
      const waiting = done.filter(({ end }) => end === 'waiting').map(({ by, verb }) => `${by} ${verb.name}`)
      if (!answers.mine && !hasHungUp) waiting.push('the request')
      if (!answers.rival) waiting.push("the rival's request")
      return `for ever: ${waiting.join(', ')}`
    },
  },
  {
    name: 'a later update() of the visitor in that process is answered',
    wrong: ({ later }) => (later === 'answered' || later === 'not asked' ? undefined : String(later)),
  },
  {
    name: 'only 200 and 503 are answered',
    wrong: (result) => {
      const statuses = [result.answers.mine?.status, result.answers.rival?.status].filter(
        (status) => status !== undefined,
      )
      const wrong = statuses.filter((status) => !mayAnswer(result, status))
      return wrong.length === 0 ? undefined : `${wrong.join()}: ${errorsOf(result)}`
    },
  },
  {
    name: 'acknowledged increments count',
    wrong: (result) => firstOf(COUNTERS, (key) => tooFew(result, key)),
  },
  {
    name: 'nothing is counted twice',
    wrong: (result) => firstOf(COUNTERS, (key) => tooMany(result, key)),
  },
  {
    name: 'a one-time value goes to one taker',
    wrong: (result) => {
      const { done, records } = result
      const hasTaken = ({ verb, end, value }: Done) => verb.takes && end === 'done' && value !== undefined
      const takers = done.filter((one) => hasTaken(one) && !isUndone(result, one.by))
      if (takers.length > 1) return `${takers.length} got it: ${takers.map(({ by }) => by).join()}`
      const isThere = Array.from(records.values()).some(({ flash }) => flash !== undefined)
      return takers.length === 1 && isThere ? 'it was taken, and is there again' : undefined
    },
  },
  {
    name: 'a one-time value that nobody got is there',
    wrong: (result) => {
      const { done, records } = result
      if (mayLoseData(result) || done.some(({ verb, end }) => verb.takes && end === 'failed')) return undefined
      const isTaken = done.some(({ verb, end, value }) => verb.takes && end === 'done' && value !== undefined)
      const isThere = Array.from(records.values()).some(({ flash }) => flash !== undefined)
      return isTaken || isThere ? undefined : 'it is lost'
    },
  },
  {
    name: 'acknowledged changes are kept',
    wrong: (result) => {
      if (mayLoseData(result)) return undefined
      const kept = Array.from(result.records.values())
      const lost = acknowledged(result).filter(
        ({ verb }) => verb.sets && !kept.some((record) => record[verb.sets as string]),
      )
      return lost.length === 0 ? undefined : lost.map(({ by, verb }) => `${by} ${verb.name}`).join()
    },
  },
  {
    name: 'a session that was logged out is dead',
    wrong: (result) => {
      // Who has gone on with a session of their own has logged out of that one.
      if (startsAnew(result) || mayBeginAnother(result)) return undefined
      const ends = acknowledged(result).filter(({ verb }) => verb.ends)
      return ends.length > 0 && result.original ? `ended by ${ends.map(({ by }) => by).join()}, and there` : undefined
    },
  },
  {
    name: 'no answer brings a token that was rotated away',
    wrong: (result) => {
      const late = heard(result).filter(({ opens }) => opens === ROTATED)
      return late.length === 0 ? undefined : late.map(({ by }) => by).join()
    },
  },
  {
    name: 'no answer brings a token of a session that is over',
    wrong: (result) => {
      // A sign-in looks at the store once more after its write, and is told as it was written.
      const signsIn = ({ by }: { by: string }) =>
        result.done.some((done) => by === `/${done.by}` && done.verb.signsIn === true)
      const late = heard(result).filter((sent) => !['its session', ROTATED].includes(sent.opens) && !signsIn(sent))
      return late.length === 0 ? undefined : late.map(({ by }) => by).join()
    },
  },
  {
    name: 'the browser opens a session with what was acknowledged',
    wrong: (result) => {
      const { shown, isOpen } = result
      // What was written while it was there is on its way to it.
      if (mayEnd(result) || result.wroteBeforeHangUp) return undefined
      if (!isOpen) return 'it opens nothing'
      if (mayLoseData(result) || startsAnew(result) || mayBeginAnother(result)) return undefined
      if (!shown) return 'it cannot be asked'
      if (!mayBeSignedOut(result) && shouldBeSignedIn(result) && shown.user !== 'ann') return 'it is signed out'
      return shown.kept ? undefined : 'it opens another session'
    },
  },
  {
    name: 'who has hung up gets no token',
    wrong: (result) => {
      const { hasHungUp, wroteBeforeHangUp, original, originalSecret, done } = result
      if (!hasHungUp || wroteBeforeHangUp || mayEnd(result)) return undefined
      if (done.some(({ by, verb }) => by === 'rival' && (verb.rotates || verb.signsIn))) return undefined
      return original && original._secret === originalSecret ? undefined : 'the token was rotated'
    },
  },
  {
    name: 'no record is left that nobody can open',
    wrong: ({ records, tokens, hasHungUp, hasLost }) => {
      // Nobody knows the token of a new session whose answer was lost.
      if (hasHungUp || hasLost) return undefined
      const orphans = Array.from(records.keys()).filter((key) => !tokens.some((token) => token.startsWith(key)))
      return orphans.length === 0 ? undefined : `${orphans.length} of ${records.size}`
    },
  },
]

/** What is wrong with a trial, each with the name of what it breaks. */
export function brokenIn(result: Result): { check: string; what: string }[] {
  return CHECKS.flatMap(({ name, wrong }) => {
    const what = wrong(result)
    return what === undefined ? [] : [{ check: name, what }]
  })
}

function tooFew(result: Result, key: 'n' | 'logins'): string | undefined {
  if (mayLoseData(result)) return undefined
  const expected = acknowledged(result).filter(({ verb }) => verb.counts === key).length
  const counted = countsIn(result, key).reduce((sum, count) => sum + count, 0)
  return counted < expected ? `${key} is ${counted}, acknowledged ${expected}` : undefined
}

function tooMany(result: Result, key: 'n' | 'logins'): string | undefined {
  const tried = result.done.filter(({ verb }) => verb.counts === key).length
  const counted = Math.max(0, ...countsIn(result, key))
  return counted > tried ? `${key} is ${counted}, tried ${tried}` : undefined
}

function countsIn({ records }: Result, key: 'n' | 'logins'): number[] {
  return Array.from(records.values(), (record) => Number(record[key] ?? 0))
}

function mayAnswer(result: Result, status: number): boolean {
  if (status === 200) return true
  if (status === 503) return result.hasLost
  // Who is signed out has nothing to confirm.
  const confirms = verbsOf(result).some(({ needsOwner }) => needsOwner)
  return (
    status === 401 &&
    confirms &&
    (!result.trial.isSignedIn || mayBeSignedOut(result) || mayLoseData(result) || startsAnew(result))
  )
}

function errorsOf({ done }: Result): string {
  const failed = done.filter(({ end }) => end === 'failed')
  return failed
    .map(({ by, verb, error }) => `${by} ${verb.name}: ${error?.code ?? error?.message ?? 'error'}`)
    .join('; ')
}

function firstOf<T>(values: readonly T[], wrong: (value: T) => string | undefined): string | undefined {
  for (const value of values) {
    const what = wrong(value)
    if (what !== undefined) return what
  }
  return undefined
}
