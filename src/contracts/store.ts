import type { Context } from 'koa'
import type { RecordLifetime, SessionRecord } from '../record'
import type { Awaitable } from './awaitable'
import type { Serializer } from './serializer'

/** What a store is told beside a key. */
export interface StoreRequest {
  /** The `rolling` option. */
  rolling: boolean
  /** The request that the call is made for. */
  ctx: Context
  /** The account that the session belongs to, where the `owner` option names one. */
  owner?: string
  /** The JSON of the record that is written, for a store with conditional writes: it need not make it again. */
  text?: string
}

/** What {@link Store.set} is told beside the record. */
export interface StoreSetRequest extends StoreRequest {
  /** Whether the data differs from what was read; false where only the lifetime is extended or the write is forced. */
  changed: boolean
}

/**
 * Where records rest, by id: koa-session's contract, so that a store written for it works unchanged.
 *
 * - `get` answers the record, or undefined (or null) for one that is missing, expired or unreadable. It throws only
 *   when the store itself is in trouble. What it returns is a copy that the caller may change.
 * - `set` keeps the record for at least `maxAge` milliseconds, a finite number.
 * - `destroy` of a key that is not there is silent.
 *
 * Each may be sync or async. A record may be forgotten any time after its `maxAge`, and not before.
 *
 * @example
 * const records = new Map()
 * app.use(session({
 *   store: {
 *     get: (key) => records.get(key),
 *     set: (key, record) => void records.set(key, record),
 *     destroy: (key) => void records.delete(key),
 *   },
 * }, app))
 */
export interface Store {
  /** How it makes texts of records, where that is not JSON: changes are found with it too. */
  readonly serializer?: Serializer
  get(key: string, maxAge: number, request: StoreRequest): Awaitable<RecordLifetime | null | undefined>
  set(key: string, record: SessionRecord, maxAge: number, request: StoreSetRequest): Awaitable<unknown>
  destroy(key: string, request: { ctx: Context }): Awaitable<unknown>
}

/** A record, and the revision that it was read at: any value that changes with every write of the data. */
export interface Versioned {
  record: SessionRecord
  revision: unknown
  /** The record's JSON, where the store has it at hand: then it need not be made again to see what has changed. */
  text?: string
}

/**
 * How a conditional write ended: `written`, and the revision it is now at; `conflict`, the record is there at another
 * revision; `missing`, it is not there any more.
 */
export type WriteOutcome = { outcome: 'written'; revision: unknown } | { outcome: 'conflict' } | { outcome: 'missing' }

/**
 * A store that can write on a condition. With it, parallel requests keep each other's changes, and a slow request does
 * not bring a destroyed session back. A plain {@link Store} can promise neither.
 */
export interface ConditionalStore extends Store {
  get(key: string, maxAge: number, request: StoreRequest): Awaitable<SessionRecord | null | undefined>
  /** Answers the record with its revision, or undefined as `get` does. */
  read(key: string, request: StoreRequest): Awaitable<Versioned | null | undefined>
  /** Writes a record only where the key is free; answers its revision, or undefined where the key is taken. */
  create(
    key: string,
    record: SessionRecord,
    maxAge: number,
    request: StoreRequest,
  ): Awaitable<{ revision: unknown } | undefined>
  /** Writes a record only where the key still exists at `revision`. */
  replace(
    key: string,
    record: SessionRecord,
    maxAge: number,
    revision: unknown,
    request: StoreRequest,
  ): Awaitable<WriteOutcome>
  /** Removes the record; answers whether it was there. */
  destroy(key: string, request: { ctx: Context }): Awaitable<boolean>
}

/** A store that can extend a record's life without writing its data. */
export interface TouchableStore {
  /**
   * Gives the record, if it is there, `maxAge` more milliseconds from now and the time `expire` (its `_expire`; undefined
   * for a record without one), where that is later than what it has: a life that another request has made longer stays
   * so. Never creates a record. Answers whether it was there.
   */
  touch(key: string, expire: number | undefined, maxAge: number, request: StoreRequest): Awaitable<boolean>
}

/** A record of an owner, and the key that it rests under. */
export interface OwnedRecord {
  key: string
  record: SessionRecord
}

/** A store that knows whose records it holds: as the `owner` of the request they were last written with. */
export interface OwnerIndexedStore {
  /** Answers the records of an owner that have not expired, in no particular order. */
  listByOwner(owner: string): Awaitable<OwnedRecord[]>
  /** Removes the records of an owner, all or all but one; answers how many there were. */
  destroyByOwner(owner: string, options?: { except?: string }): Awaitable<number>
}

/** Whether the store can write on a condition. */
export function isConditional(store: Store): store is ConditionalStore {
  const candidate = store as Partial<ConditionalStore>
  return [candidate.read, candidate.create, candidate.replace].every((method) => typeof method === 'function')
}

/** Whether the store knows whose records it holds. */
export function isOwnerIndexed(store: object): store is OwnerIndexedStore {
  const candidate = store as Partial<OwnerIndexedStore>
  return typeof candidate.listByOwner === 'function' && typeof candidate.destroyByOwner === 'function'
}

/** Whether the store can extend a record's life without writing its data. */
export function isTouchable(store: Store): store is Store & TouchableStore {
  return typeof (store as Partial<TouchableStore>).touch === 'function'
}

/**
 * A store of which one is built per request, with the request's context: for stores that need it, such as one that
 * picks the tenant's database.
 *
 * @example
 * class TenantStore extends ContextStore {
 *   readonly #records = tenants.get(this.ctx.hostname)
 *   get(key: string) { return this.#records.get(key) }
 *   set(key: string, record: SessionRecord) { this.#records.set(key, record) }
 *   destroy(key: string) { this.#records.delete(key) }
 * }
 * app.use(session({ ContextStore: TenantStore }, app))
 */
export abstract class ContextStore implements Store {
  constructor(protected readonly ctx: Context) {}
  abstract get(key: string, maxAge: number, request: StoreRequest): Awaitable<RecordLifetime | null | undefined>
  abstract set(key: string, record: SessionRecord, maxAge: number, request: StoreSetRequest): Awaitable<unknown>
  abstract destroy(key: string, request: { ctx: Context }): Awaitable<unknown>
}
