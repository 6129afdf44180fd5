import { LRUCache } from 'lru-cache'
import type {
  ConditionalStore,
  OwnedRecord,
  OwnerIndexedStore,
  StoreRequest,
  TouchableStore,
  Versioned,
  WriteOutcome,
} from '../contracts/store'
import type { SessionRecord } from '../record'
import { RecordText, type RecordTextOptions } from '../record-text'

/** What a {@link MemoryStore} takes. */
export interface MemoryStoreOptions extends RecordTextOptions {
  /** How many sessions it holds at most; past that, the one unused for longest is forgotten. Default: 100,000. */
  max?: number
}

/**
 * Keeps sessions in this process's memory: bounded, expiring without timers, gone when the process ends.
 *
 * For one process, for development and for tests. It makes every promise that a store can make: conditional writes,
 * touch, an index by owner, and copies of what it holds.
 *
 * @example
 * app.use(session({ store: new MemoryStore({ max: 10_000 }) }, app))
 */
export class MemoryStore implements ConditionalStore, TouchableStore, OwnerIndexedStore {
  readonly #texts: LRUCache<string, string>
  /** The keys of every owner that has any, and who owns a key. */
  readonly #keysByOwner = new Map<string, Set<string>>()
  readonly #ownerByKey = new Map<string, string>()
  /** The `_expire` of records that were touched since they were written. */
  readonly #expires = new Map<string, number>()
  readonly #text: RecordText

  constructor({ max = 100_000, ...text }: MemoryStoreOptions = {}) {
    this.#text = new RecordText(text)
    this.#texts = new LRUCache({
      max,
      ttl: 0,
      ttlResolution: 0,
      perf: { now: () => Date.now() },
      dispose: (_text, key, reason) => reason !== 'set' && this.#forget(key),
    })
  }

  /** How many records it holds, expired ones that nobody has asked for included. */
  get size(): number {
    return this.#texts.size
  }

  get serializer(): RecordText['serializer'] {
    return this.#text.serializer
  }

  get(key: string): SessionRecord | undefined {
    return this.read(key)?.record
  }

  set(key: string, record: SessionRecord, maxAge: number, request?: StoreRequest): void {
    this.#write(key, record, maxAge, request)
  }

  destroy(key: string): boolean {
    const existed = this.#texts.has(key)
    this.#texts.delete(key)
    return existed
  }

  /** The revision is the text itself: two equal texts are the same record. */
  read(key: string): Versioned | undefined {
    const text = this.#texts.get(key)
    const record = text === undefined ? undefined : this.#text.parse(text, this.#expires.get(key))
    return record && { record, revision: text }
  }

  create(
    key: string,
    record: SessionRecord,
    maxAge: number,
    request?: StoreRequest,
  ): { revision: unknown } | undefined {
    return this.#texts.has(key) ? undefined : { revision: this.#write(key, record, maxAge, request) }
  }

  replace(key: string, record: SessionRecord, maxAge: number, revision: unknown, request?: StoreRequest): WriteOutcome {
    const text = this.#texts.get(key)
    if (text === undefined) return { outcome: 'missing' }
    if (text !== revision) return { outcome: 'conflict' }
    return { outcome: 'written', revision: this.#write(key, record, maxAge, request) }
  }

  touch(key: string, expire: number | undefined, maxAge: number): boolean {
    const text = this.#texts.get(key)
    if (text === undefined) return false
    if (this.#texts.getRemainingTTL(key) < maxAge) this.#texts.set(key, text, { ttl: maxAge })
    const current = this.read(key)?.record._expire
    if (expire !== undefined && current !== undefined && current < expire) this.#expires.set(key, expire)
    return true
  }

  listByOwner(owner: string): OwnedRecord[] {
    return Array.from(this.#keysByOwner.get(owner) ?? []).flatMap((key) => {
      const found = this.read(key)
      return found ? [{ key, record: found.record }] : []
    })
  }

  destroyByOwner(owner: string, { except }: { except?: string } = {}): number {
    const keys = Array.from(this.#keysByOwner.get(owner) ?? [])
    return keys.filter((key) => key !== except && this.destroy(key)).length
  }

  #write(key: string, record: SessionRecord, maxAge: number, request: StoreRequest | undefined): string {
    const text = this.#text.stringify(record)
    this.#texts.set(key, text, { ttl: maxAge })
    this.#forget(key)
    if (request?.owner !== undefined) this.#own(key, request.owner)
    return text
  }

  #own(key: string, owner: string): void {
    const keys = this.#keysByOwner.get(owner) ?? new Set()
    this.#keysByOwner.set(owner, keys.add(key))
    this.#ownerByKey.set(key, owner)
  }

  /** Forgets what is known of a key beside its text. */
  #forget(key: string): void {
    this.#expires.delete(key)
    const owner = this.#ownerByKey.get(key)
    if (owner === undefined) return
    const keys = this.#keysByOwner.get(owner)
    keys?.delete(key)
    if (keys?.size === 0) this.#keysByOwner.delete(owner)
    this.#ownerByKey.delete(key)
  }
}
