import { described } from './pair-trial'
import type { Done, Result, Sent, Whose } from './pair-result'
import type { Verb } from './verbs'

export function verbsOf({ trial: { first, second, rivals } }: Result): Verb[] {
  return [first, second, ...rivals]
}

/** What a browser got. */
export function heard({ sent, hasHungUp }: Result): Sent[] {
  return sent.filter(({ by }) => !(hasHungUp && by === '/mine'))
}

/**
 * What was done for sure: the verb says so, and so does the answer. Where nobody is there to get one, the verb is enough. Who joins a
 * sign-in has no token to hand over: where that is taken back, the browser signs in again.
 */
export function acknowledged(result: Result): Done[] {
  const { done, answers, hasHungUp, gone } = result
  return done.filter(({ by, end, verb }) => {
    if (end !== 'done' || (isUndone(result, by) && !verb.ends)) return false
    const isAnswered = answers[by]?.status === 200
    if (verb.isAtEnd) return isAnswered && (verb.ends || !gone.has(`/${by}`))
    return isAnswered || (by === 'mine' && hasHungUp)
  })
}

/** What a request has done is undone, with the sign-in of another one that it had joined. */
export function isUndone({ undone }: Result, by: Whose): boolean {
  return undone.has(`/${by}`)
}

export function mayEnd(result: Result): boolean {
  return verbsOf(result).some(({ ends }) => ends) || mayEndUnseen(result)
}

/** A session that is taken from whoever is signed in, and whose browser cannot be told, is over. */
function mayEndUnseen({ hasHungUp, trial: { hasOwner, first, second } }: Result): boolean {
  return hasHungUp && hasOwner && [first, second].some(({ signsOut, clears }) => signsOut || clears)
}

/** Something takes data out, or ends what they are in. */
export function mayLoseData(result: Result): boolean {
  return mayEnd(result) || verbsOf(result).some(({ clears }) => clears)
}

/** Without owners, of two that regenerate the second starts with what its own request has set. */
export function startsAnew({ trial: { hasOwner, first, second, rivals } }: Result): boolean {
  return !hasOwner && rivals.some(({ rotates }) => rotates) && Boolean(first.rotates || second.rotates)
}

/** A sign-in with a token that was rotated away is a session of its own, unless it is the one that is signed in. */
export function mayBeginAnother({ trial: { first, second, rivals } }: Result): boolean {
  const isLate = (signing: readonly Verb[], others: readonly Verb[]) =>
    signing.some(({ signsIn }) => signsIn) && others.some(({ rotates, signsOut }) => rotates || signsOut)
  return isLate(rivals, [first, second]) || isLate([first, second], rivals)
}

export function mayBeSignedOut(result: Result): boolean {
  return verbsOf(result).some(({ signsOut }) => signsOut)
}

export function shouldBeSignedIn(result: Result): boolean {
  const signedIn = acknowledged(result).some(({ verb, by }) => verb.signsIn && result.answers[by])
  return result.trial.isSignedIn || signedIn
}

/** All that happened, for who has to find out why. */
export function story({ trial, done, answers, undone, gone, later, records, shown, sent, log }: Result): string {
  const verbs = done.map(({ by, verb, end, value, error }) =>
    [by, verb.name, end, value === undefined ? '' : JSON.stringify(value), error?.code ?? error?.message].join(' '),
  )
  const facts = {
    answers,
    undone: Array.from(undone),
    gone: Array.from(gone),
    later,
    records: Array.from(records.values()),
    shown,
    sent,
  }
  const lines = Object.entries(facts).map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
  return [
    described(trial),
    ...verbs,
    ...lines,
    'calls of the store:',
    ...log,
    (trial.scheduler as { toString(): string }).toString(),
  ].join('\n  ')
}
