import { LRUCache } from 'lru-cache'
import type { ConditionalStore, TouchableStore, Versioned, WriteOutcome } from '../contracts/store'
import type { SessionRecord } from '../record'

/** What a {@link MemoryStore} takes. */
export interface MemoryStoreOptions {
  /** How many sessions it holds at most; past that, the one unused for longest is forgotten. Default: 100,000. */
  max?: number
}

/**
 * Keeps sessions in this process's memory: bounded, expiring without timers, gone when the process ends.
 *
 * For one process, for development and for tests. It makes every promise that a store can make: conditional writes,
 * touch, and copies of what it holds.
 *
 * @example
 * app.use(session({ store: new MemoryStore({ max: 10_000 }) }, app))
 */
export class MemoryStore implements ConditionalStore, TouchableStore {
  readonly #texts: LRUCache<string, string>

  constructor({ max = 100_000 }: MemoryStoreOptions = {}) {
    this.#texts = new LRUCache({ max, ttl: 0, ttlResolution: 0, perf: { now: () => Date.now() } })
  }

  /** How many records it holds, expired ones that nobody has asked for included. */
  get size(): number {
    return this.#texts.size
  }

  get(key: string): SessionRecord | undefined {
    return this.read(key)?.record
  }

  set(key: string, record: SessionRecord, maxAge: number): void {
    this.#write(key, record, maxAge)
  }

  destroy(key: string): boolean {
    const existed = this.#texts.has(key)
    this.#texts.delete(key)
    return existed
  }

  /** The revision is the text itself: two equal texts are the same record. */
  read(key: string): Versioned | undefined {
    const text = this.#texts.get(key)
    return text === undefined ? undefined : { record: JSON.parse(text) as SessionRecord, revision: text }
  }

  create(key: string, record: SessionRecord, maxAge: number): { revision: unknown } | undefined {
    return this.#texts.has(key) ? undefined : { revision: this.#write(key, record, maxAge) }
  }

  replace(key: string, record: SessionRecord, maxAge: number, revision: unknown): WriteOutcome {
    const text = this.#texts.get(key)
    if (text === undefined) return { outcome: 'missing' }
    if (text !== revision) return { outcome: 'conflict' }
    return { outcome: 'written', revision: this.#write(key, record, maxAge) }
  }

  touch(key: string, expire: number | undefined, maxAge: number): boolean {
    const found = this.read(key)
    if (!found) return false
    this.#write(key, expire === undefined ? found.record : { ...found.record, _expire: expire }, maxAge)
    return true
  }

  #write(key: string, record: SessionRecord, maxAge: number): string {
    const text = JSON.stringify(record)
    this.#texts.set(key, text, { ttl: maxAge })
    return text
  }
}
