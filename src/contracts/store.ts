import type { Context } from 'koa'
import type { RecordLifetime, SessionRecord } from '../session/record'
import type { Awaitable } from '../base/awaitable'
import type { Bus } from './bus'
import type { Serializer } from '../session/serializer'

/** Passed to every call of a store, after the key. */
export interface StoreContext {
  /** The `rolling` option. */
  rolling: boolean
  /** The request that the call is made for. */
  ctx: Context
  /**
   * The account that the session belongs to, with the option `owner`: the service's `key`, "=" and the account, as in
   * `koa.sess=alice`; a hash of that where it is longer than 255 characters.
   */
  owner?: string
}

/** Passed to {@link Store.set}, after the record. */
export interface StoreSetContext extends StoreContext {
  /** Whether the data differs from what was read; false where only the lifetime is extended or the write is forced. */
  changed: boolean
}

/**
 * Where records rest, by id: koa-session's contract, so that a store written for it works unchanged.
 *
 * - `get` returns the record, or undefined (or null) for one that is missing, expired or unreadable. It throws only
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
  /** Where the store itself tells what it has changed; a service listens there, unless it is given a bus. */
  readonly bus?: Bus
  /** How it makes texts of records, where that is not JSON: changes are found with it too. */
  readonly serializer?: Serializer
  get(key: string, maxAge: number, context: StoreContext): Awaitable<RecordLifetime | null | undefined>
  set(key: string, record: SessionRecord, maxAge: number, context: StoreSetContext): Awaitable<unknown>
  destroy(key: string, context: { ctx: Context }): Awaitable<unknown>
}

/** Passed to the calls of a {@link ConditionalStore}, after the key. A store that does not know one of these leaves it alone. */
export interface ConditionalContext extends StoreContext {
  /** The JSON of the record that is written, for a store with conditional writes: it need not make it again. */
  text?: string
  /**
   * The revision that the record was read at, where it is to be touched on that condition: see {@link TouchableStore}.
   */
  revision?: unknown
  /**
   * The write is not to shorten the record's life: where that lasts longer by now, its `_expire` and its time in the store
   * stay. For {@link ConditionalStore.replace}; a store that does not know it takes what it is given.
   */
  keepsLife?: true
  /**
   * A fingerprint of what the client presents, where that does not fit the record that was answered: a store with a cache
   * looks past it, once for each fingerprint.
   */
  doubt?: string
  /** Who asks compares the token itself with the record that `get` returns: one with a `_secret` is returned too. */
  knowsSecrets?: boolean
}

/** A record, and the revision that it was read at: any value that changes with every write of the data. */
export interface Versioned {
  record: SessionRecord
  revision: unknown
  /** The record's JSON, where the store has it at hand: then it need not be made again to see what has changed. */
  text?: string
  /** It comes from a cache, and may be older than what the shared store holds. */
  isCached?: boolean
}

/** What a record was when it was read. */
export interface ReadAt {
  revision: unknown
  /** Its `_expire`, which a touch moves. */
  expire: number | undefined
}

/**
 * How a conditional write ended: `written`, and the revision it is now at; `conflict`, the record is there at another
 * revision; `missing`, it is not there any more.
 */
export type WriteOutcome = { outcome: 'written'; revision: unknown } | { outcome: 'conflict' } | { outcome: 'missing' }

/**
 * A store that can write on a condition. With it, parallel requests keep each other's changes, and a slow request does
 * not bring a destroyed session back. A plain {@link Store} can promise neither.
 *
 * Its `get` is for processes that know no secrets, such as koa-session on the same store: it returns nothing for a record
 * with a `_secret`, which its key alone does not open, unless the context says `knowsSecrets`. `read` returns every record.
 */
export interface ConditionalStore extends Store {
  get(key: string, maxAge: number, context: ConditionalContext): Awaitable<SessionRecord | null | undefined>
  /** Returns the record with its revision, or undefined as `get` does. */
  read(key: string, context: ConditionalContext): Awaitable<Versioned | null | undefined>
  /** Writes a record only where the key is free; returns its revision, or undefined where the key is taken. */
  create(
    key: string,
    record: SessionRecord,
    maxAge: number,
    context: ConditionalContext,
  ): Awaitable<{ revision: unknown } | undefined>
  /** Writes a record only where the key still exists at `revision`. */
  replace(
    key: string,
    record: SessionRecord,
    maxAge: number,
    revision: unknown,
    context: ConditionalContext,
  ): Awaitable<WriteOutcome>
  /**
   * Removes the record; returns whether it did. With `at`, only where the record is as it was read: at that revision, and
   * not touched since.
   */
  destroy(key: string, context: { ctx: Context; at?: ReadAt }): Awaitable<boolean>
}

/** A store that can extend a record's life without writing its data. */
export interface TouchableStore {
  /**
   * Gives the record, if it is there, `maxAge` more milliseconds from now and the time `expire` (its `_expire`; undefined
   * for a record without one), where that is later than what it has: a life that another request has made longer stays
   * so. Never creates a record, and leaves its revision as it is.
   *
   * With a `revision` in the context, only where the record is still at it. Returns how that ended: `written` and the revision
   * that it was told, if any; `conflict`; or `missing`.
   */
  touch(key: string, expire: number | undefined, maxAge: number, context: ConditionalContext): Awaitable<WriteOutcome>
}

/** A record of an owner, the key that it rests under, and the revision that it was read at. */
export interface OwnedRecord {
  key: string
  record: SessionRecord
  revision: unknown
}

/** Which records of an owner are meant: all, all but one, or only one; that one as it was read, where `at` says so. */
export interface OwnedChoice {
  except?: string
  only?: string
  /** For `only`: the record is still at that revision. A touch leaves the revision as it is. */
  at?: Pick<ReadAt, 'revision'>
}

/** What sign-ins of an owner are judged by: milliseconds, both by the store's own clock. */
export interface OwnerMark {
  /** The time now: with a fraction where the clock is that fine. */
  now: number
  /** Sign-ins that began then or earlier are void; undefined where there is no such mark. */
  notBefore: number | undefined
  /** Which clock that is, where the store has several, such as one for each node of a cluster. */
  clock?: string
}

/**
 * A store that knows whose records it holds: as the `owner` of the request they were last written with. That is a text which
 * says of which service the owner is, too: owners of two services on one store are two.
 *
 * All processes that share the store share one clock for the {@link OwnerMark} of an owner: that of the server, not of the
 * process, and the same in every time zone.
 */
export interface OwnerIndexedStore {
  /**
   * Returns the records of an owner that have not expired, in no particular order; without what they say of their tokens
   * (`_secret`, `_gen`, `_past`), which is for nobody who lists them.
   */
  listByOwner(owner: string): Awaitable<OwnedRecord[]>
  /** Removes the records of an owner, each as long as it is still this owner's. Returns how many there were. */
  destroyByOwner(owner: string, options?: OwnedChoice): Awaitable<number>
  /** Returns the time, and the owner's mark. */
  readMark(owner: string): Awaitable<OwnerMark>
  /** Sets the owner's mark to the time now; where it is not earlier than that, to a little later. It is kept for a day at least. */
  setMark(owner: string): Awaitable<unknown>
}

/** Whether the store can write on a condition. */
export function isConditional(store: Store): store is ConditionalStore {
  const candidate = store as Partial<ConditionalStore>
  return [candidate.read, candidate.create, candidate.replace].every((method) => typeof method === 'function')
}

/** Whether the store knows whose records it holds. */
export function isOwnerIndexed(store: object): store is OwnerIndexedStore {
  const { listByOwner, destroyByOwner, readMark, setMark } = store as Partial<OwnerIndexedStore>
  return [listByOwner, destroyByOwner, readMark, setMark].every((method) => typeof method === 'function')
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
  abstract get(key: string, maxAge: number, context: StoreContext): Awaitable<RecordLifetime | null | undefined>
  abstract set(key: string, record: SessionRecord, maxAge: number, context: StoreSetContext): Awaitable<unknown>
  abstract destroy(key: string, context: { ctx: Context }): Awaitable<unknown>
}
