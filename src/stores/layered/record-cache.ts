import { LRUCache } from 'lru-cache'
import { monotonic } from '../../base/monotonic'

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

/** The options of a cache that keeps nothing for too long, whatever happens to the machine's clock. */
export function boundsOf({ max, ttl }: CacheBounds) {
  const perf = { now: forwardClock() }
  return { max, ttl, ttlResolution: 0, perf }
}

/** A clock that never goes back. Where the machine's is set forward, as in tests, so is this one: what is kept ages sooner. */
function forwardClock(): () => number {
  let [time, real, date] = [1, monotonic(), Date.now()]
  return () => {
    const [nextReal, nextDate] = [monotonic(), Date.now()]
    time += Math.max(nextReal - real, nextDate - date)
    real = nextReal
    date = nextDate
    return time
  }
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

  /** @param name undefined for all */
  deleteNamed(name: string | undefined): void {
    if (name === undefined) return this.#records.clear()
    const key = this.#keys.get(name)
    if (key !== undefined) this.#records.delete(key)
  }
}
