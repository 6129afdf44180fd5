import { LRUCache } from 'lru-cache'

/** A record's text, and the revision that it is at. */
export interface Cached {
  text: string
  revision: unknown
  /** What messages call the record. */
  name: string
}

/** What bounds a cache: how many, and for how many milliseconds. */
export interface CacheBounds {
  max: number
  ttl: number
}

/** The options of a cache whose clock is the one that tests can stop. */
export function boundsOf({ max, ttl }: CacheBounds) {
  return { max, ttl, ttlResolution: 0, perf: { now: () => Date.now() } }
}

/** Records in memory, by key; and which key a name means. */
export class RecordCache {
  readonly #records: LRUCache<string, Cached>
  readonly #keys = new Map<string, string>()

  constructor(bounds: CacheBounds) {
    this.#records = new LRUCache<string, Cached>({
      ...boundsOf(bounds),
      dispose: ({ name }, _key, reason) => void (reason !== 'set' && this.#keys.delete(name)),
    })
  }

  /** How many names are known. */
  get size(): number {
    return this.#keys.size
  }

  get(key: string): Cached | undefined {
    return this.#records.get(key)
  }

  set(key: string, cached: Cached): void {
    this.#records.set(key, cached)
    this.#keys.set(cached.name, key)
  }

  /** @param key undefined for all */
  delete(key: string | undefined): void {
    if (key === undefined) this.#records.clear()
    else this.#records.delete(key)
  }

  deleteNamed(name: string): void {
    const key = this.#keys.get(name)
    if (key !== undefined) this.#records.delete(key)
  }
}
