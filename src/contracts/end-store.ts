import type { Awaitable } from '../base/awaitable'

/** The last end of a key: every session that carries the key, and began before it, is void. */
export interface KeyEnd {
  /** Its place among all ends of the store: a whole number, larger than that of each end before it. */
  readonly position: number
  /** When that was, in milliseconds by the store's clock. */
  readonly at: number
  /** The hash of the id of a session that it spares. */
  readonly except?: string
  /** It counts for sessions too that begin after it. */
  readonly later?: true
}

/** The place of an end, and the key that it is the end of. */
export interface EndPoint {
  readonly position: number
  /** Empty for the beginning of the store: no end at all. */
  readonly key: string
}

/** What a store of ends answers. */
export interface EndsAnswer {
  /** The position that the store began with. Another one says that all ends were lost. */
  readonly born: number
  /** The last end that there is. */
  readonly last: EndPoint
  /** The store's clock, in milliseconds. */
  readonly now: number
  /** How coarse that clock is, in milliseconds. Default: 0, it tells fractions. */
  readonly grain?: number
  /** The last end of each key that was asked for; undefined where it has none. */
  readonly found: readonly (KeyEnd | undefined)[]
  /** The keys that were ended after `after`, oldest first, each with its last end; undefined where there are too many. */
  readonly news?: readonly (readonly [key: string, end: KeyEnd])[]
  /** Whether the end `after` is one of this store's; undefined where its log does not reach back that far. */
  readonly continues?: boolean
}

/** Passed to {@link EndStore.setEnd}, after the key. */
export interface SetEndOptions {
  /** For how many milliseconds the end is kept at least; Infinity for good. A longer life that it has already stays. */
  readonly life: number
  /**
   * A session that is spared: the hash of its id, and its `since`. Where an earlier end of this key has ended that session
   * itself, nothing is set.
   */
  readonly spare?: { readonly id: string; readonly since: number }
  /** Later sessions end too. A key that has had such an end keeps that. */
  readonly later?: true
}

/** An end that was set. */
export interface EndSet {
  readonly end: KeyEnd
  /** The position of the end before it, of whatever key. */
  readonly before: number
  /** What the key's end was until now. */
  readonly was: KeyEnd | undefined
}

/**
 * Keeps for each key the position of its last end. Keys are hashes.
 *
 * - Positions are drawn one by one: the first is the store's clock in microseconds, each next one `max(last + 1, clock)`.
 * - Drawing a position and writing the end is one step: a reader who sees a position sees every end up to it.
 * - An end is kept for its `life`, and its place in the log for an hour. Nothing is thrown away to make room: a store that
 *   is full refuses.
 */
export interface EndStore {
  /** @param options.after what the asker knows already: then the answer says what is new */
  readEnds(keys: readonly string[], options?: { after?: EndPoint }): Awaitable<EndsAnswer>
  /** Ends a key. Returns undefined where the session to spare was ended by an earlier end: then nothing is set. */
  setEnd(key: string, options: SetEndOptions): Awaitable<EndSet | undefined>
}

/** Whether a store can keep ends. */
export function isEndStore(store: object): store is EndStore {
  const { readEnds, setEnd } = store as Partial<EndStore>
  return [readEnds, setEnd].every((method) => typeof method === 'function')
}
