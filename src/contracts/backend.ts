import type { Dictionary, RecordLifetime, SessionRecord } from '../record'
import type { Awaitable } from './awaitable'
import type { Serializer } from './serializer'
import type { StoreRequest } from './store'

/** A record as it was read, at the revision it was read at. */
export interface Loaded {
  record: SessionRecord
  /** The record's JSON, where it rests as that: then it need not be made again to see what has changed. */
  text?: string
  revision?: unknown
  /** The id that it rests under, where the session has moved since the client was given its own. */
  id?: string
}

/** Why a session is written: by order, because its data changed, or to extend its life. */
export type WriteReason = 'forced' | 'changed' | 'rolling' | 'renew'

/** What is to be written. */
export interface Write {
  /** The session's id; undefined where the backend has no ids. */
  id: string | undefined
  /** The data, a copy that becomes the record; and their text as the backend's serializer makes it. */
  data: Dictionary
  text: string
  /** What the record says of its lifetime, behind the data. */
  lifetime: RecordLifetime
  /** How long the record is kept at least, in milliseconds. */
  ttl: number
  /** The revision it was read at; undefined for a session that is new. */
  base: { revision: unknown } | undefined
  reason: WriteReason
}

/**
 * How a write ended: `written`, and what the client is to hold from now on; `taken`, a new session's id exists already;
 * `conflict`, another request has changed the record; `missing`, the record is gone.
 */
export type WriteResult =
  | { outcome: 'written'; token: string; revision: unknown }
  | { outcome: 'taken' }
  | { outcome: 'conflict' }
  | { outcome: 'missing' }

/** A session's move from one id to another. */
export interface Departure {
  id: string
  newId: string
  /** The revision that the record was read at. */
  base: { revision: unknown }
  graceMs: number
}

/** Where records rest: inside what the client holds, or in a store under an id. */
export interface Backend {
  /** What makes texts of records: changes are found with it. */
  readonly serializer: Serializer
  /** Answers undefined where there is no such record, and null where there is nothing to report of it either. */
  load(token: string, request: StoreRequest): Awaitable<Loaded | null | undefined>
  /** @param request made for this call: a store may be told more with it */
  write(write: Write, request: StoreRequest): Awaitable<WriteResult>
  /** Removes the record; answers false where it is known that there was none. */
  remove(id: string, request: StoreRequest): Awaitable<boolean>
  /**
   * Removes the record from the id that its session leaves. For `graceMs` milliseconds, a pointer stands in its place:
   * who asks for the old id is given the record of the new one.
   */
  leave(departure: Departure, request: StoreRequest): Awaitable<'left' | 'conflict' | 'missing'>
}
