import type { Span } from '../contracts/backend'
import type { OwnerMark } from '../contracts/store'

/** How far two clocks may drift apart: in a second, so many milliseconds. */
const DRIFT_PER_SECOND = 1

/** What answers so far say of a clock. */
interface Reckoned {
  readonly clock: string | undefined
  readonly ahead: Span
  /** When that was so, by this process's clock. */
  readonly at: number
}

/**
 * How far the store's clock is ahead of this process's. Each answer bounds it by the time between question and answer, and
 * what several answers say is intersected: one that was fast is enough for all, for a while.
 */
export class StoreClock {
  #reckoned: Reckoned | undefined

  /** What is known with this answer, which was asked for and came at these times of this process's monotonic clock. */
  reckon({ now, clock }: OwnerMark, asked: number, came: number): Span {
    const known = this.#reckoned?.clock === clock ? this.#reckoned : undefined
    const ahead = narrowed(known && widened(known, came), { from: now - came, to: now - asked })
    this.#reckoned = { clock, ahead, at: came }
    return ahead
  }
}

/** What was known is less sure by now. */
function widened({ ahead: { from, to }, at }: Reckoned, now: number): Span {
  const drift = (Math.max(now - at, 0) / 1000) * DRIFT_PER_SECOND
  return { from: from - drift, to: to + drift }
}

/** Where two answers cannot both be true, somebody has set a clock: the later one counts. */
function narrowed(known: Span | undefined, found: Span): Span {
  if (!known) return found
  const both = { from: Math.max(known.from, found.from), to: Math.min(known.to, found.to) }
  return both.from <= both.to ? both : found
}
