import type { Dictionary, RecordLifetime } from '../session/record'
import type { Awaitable } from '../base/awaitable'
import type { Serializer } from '../session/serializer'
import type { OwnerIndexedStore, OwnerMark, ReadAt, ConditionalContext, Versioned } from './store'

/** Why a session is written: by order, because its data changed, to extend its life, or to note that it is used. */
export type WriteReason = 'forced' | 'changed' | 'rolling' | 'renew' | 'seen'

/** What is to be written. */
export interface Write {
  /** The session's id; undefined where the backend has no ids. */
  id: string | undefined
  /** The data, a copy that becomes the record; and their text as the backend's serializer makes it. */
  data: Dictionary
  text: string
  /** What the record says of its lifetime and its tokens, behind the data. */
  lifetime: RecordLifetime
  /** How long the record is kept at least, in milliseconds. */
  ttl: number
  /** What it was when it was read; undefined for a session that is new. */
  readAt: { revision: unknown } | undefined
  reason: WriteReason
}

/**
 * How a write ended: `written`, and the token where that holds the record itself; `taken`, a new session's id exists already;
 * `conflict`, another request has changed the record; `missing`, the record is gone.
 */
export type WriteResult =
  | { outcome: 'written'; token?: string; revision: unknown }
  | { outcome: 'taken' }
  | { outcome: 'conflict' }
  | { outcome: 'missing' }

/** From where to where a number lies. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** An owner's mark, and what is known of the clock that it is told by. */
export interface TimedMark extends OwnerMark {
  /** How far that clock is ahead of this process's monotonic one, in milliseconds. */
  readonly ahead: Span
}

/** Whose records a store holds, by the owners that the application knows: those of one service. */
export interface Owners extends OwnerIndexedStore {
  readMark(owner: string): Awaitable<TimedMark>
}

/** Where records rest: inside what the client holds, or in a store under an id. */
export interface Backend {
  /** What makes texts of records: changes are found with it. */
  readonly serializer: Serializer
  /** Whether a record's token can change while the record keeps its key: on stores that write on a condition. */
  readonly rotatesInPlace: boolean
  /** The records by their owner, where they are known. */
  readonly owners?: Owners
  /**
   * Returns undefined where there is no such record, and null where there is nothing to report of it either.
   *
   * @param key the record's id; without a store, the token that holds the record
   */
  load(key: string, context: ConditionalContext): Awaitable<Versioned | null | undefined>
  /** @param context made for this call: a store may be told more with it */
  write(write: Write, context: ConditionalContext): Awaitable<WriteResult>
  /** Removes the record, with `at` only as it was read; returns false where it is known that it did not. */
  remove(id: string, context: ConditionalContext, at?: ReadAt): Awaitable<boolean>
}
