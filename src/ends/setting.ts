import type { KeyEnd, SetEndOptions } from '../contracts/end-store'

/** How many positions there are to a millisecond: the first one is the clock in microseconds. */
export const POSITIONS_PER_MS = 1000
/** How long an end has its place in the log, in milliseconds. */
export const LOG_LIFE_MS = 60 * 60 * 1000
/** How many news there are in an answer at most. */
export const MAX_NEWS = 1000

/** The next position. */
export function nextPosition(last: number, now: number): number {
  return Math.max(last + 1, positionAt(now))
}

/** The position that a time stands for, of those that begin with the clock. */
export function positionAt(now: number): number {
  return Math.floor(now * POSITIONS_PER_MS)
}

/** Whether a key may be ended for somebody who is to be spared: not where an earlier end of it has ended that session. */
export function maySpare(
  was: Pick<KeyEnd, 'position' | 'except' | 'later'> | undefined,
  spare: SetEndOptions['spare'],
) {
  if (!was || !spare) return true
  return was.position <= spare.since || was.except === spare.id
}

/** The end that a key gets. */
export function endAt(
  position: number,
  at: number,
  was: KeyEnd | undefined,
  { spare, later }: Pick<SetEndOptions, 'spare' | 'later'>,
): KeyEnd {
  const isLater = later === true || was?.later === true
  return { position, at, ...(spare && { except: spare.id }), ...(isLater && { later: true }) }
}
