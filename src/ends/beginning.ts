import type { KeyEnd } from '../contracts/end-store'

/** From when to when something lies, in milliseconds by the store's clock. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** What a process knew when a request came. */
export interface Arrival {
  /** When that was, by the process's monotonic clock. */
  readonly at: number
  /** The highest position that the process had read or heard by then; undefined where it knew of none. */
  readonly floor: number | undefined
}

/** One answer of the store, and when it was asked for and came, by the process's monotonic clock. */
export interface Look {
  /** The store's clock, and how coarse that is. */
  readonly now: number
  readonly grain?: number
  readonly asked: number
  readonly came: number
}

export type Order = 'after' | 'before' | 'unsure'

/** When a request began by the store's clock, as one look tells: the clock was read at some time between question and answer. */
export function spanOf({ at }: Arrival, { now, grain = 0, asked, came }: Look): Span {
  return { from: now - grain - (came - at), to: now + grain - (asked - at) }
}

/** What two looks say together. Where both cannot be true, somebody has set a clock: the later one counts. */
export function narrowed(known: Span | undefined, found: Span): Span {
  if (!known) return found
  const both = { from: Math.max(known.from, found.from), to: Math.min(known.to, found.to) }
  return both.from <= both.to ? both : found
}

/**
 * Whether a request began after the last end of a key: the first row that fits. Its test is this table.
 *
 * @param last the last position of the store: a floor above it is of a store that is no more
 */
export function orderOf(end: KeyEnd | undefined, { floor }: Arrival, last: number, span: Span): Order {
  if (!end) return 'after'
  if (end.later) return 'before'
  if (floor !== undefined && end.position <= floor && last >= floor) return 'after'
  if (span.from > end.at) return 'after'
  return span.to <= end.at ? 'before' : 'unsure'
}

/** Whether a request began after the ends of all of these keys. */
export function orderOfAll(ends: readonly (KeyEnd | undefined)[], arrival: Arrival, last: number, span: Span): Order {
  const orders = ends.map((end) => orderOf(end, arrival, last, span))
  if (orders.includes('before')) return 'before'
  return orders.includes('unsure') ? 'unsure' : 'after'
}
