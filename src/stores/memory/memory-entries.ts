import { ExpiryHeap } from './expiry-heap'
import { ShardedMap } from './sharded-map'

/** A record in memory, and its places in the order of use and in the order of expiry. */
export class Entry {
  /** The neighbours in the order of use. */
  newer: Entry = this
  older: Entry = this
  /** Where it is in the {@link ExpiryHeap}. */
  place = 0

  constructor(
    readonly key: string,
    public text: string,
    /** When it may be forgotten, and when its record expires, where that says. */
    public until: number,
    public expire: number | undefined,
    public owner: string | undefined,
  ) {}
}

/**
 * Entries by key, that know which one was used least lately and which one expires first: both without a search, since a
 * store at its bound asks for each new session.
 */
export class MemoryEntries {
  readonly #byKey = new ShardedMap<Entry>()
  readonly #byExpiry = new ExpiryHeap<Entry>()
  /** Stands between the newest and the oldest one. */
  readonly #ends = new Entry('', '', 0, undefined, undefined)

  get size(): number {
    return this.#byKey.size
  }

  get(key: string): Entry | undefined {
    return this.#byKey.get(key)
  }

  /** The one that may be forgotten first. */
  get firstToExpire(): Entry | undefined {
    return this.#byExpiry.first
  }

  get leastLatelyUsed(): Entry {
    return this.#ends.newer
  }

  add(entry: Entry): void {
    this.#byKey.add(entry.key, entry)
    this.#byExpiry.add(entry)
    this.#append(entry)
  }

  delete(entry: Entry): void {
    this.#byKey.delete(entry.key)
    this.#byExpiry.delete(entry)
    unlink(entry)
  }

  /** Counts it as the one that was used last. */
  use(entry: Entry): void {
    if (this.#ends.older === entry) return
    unlink(entry)
    this.#append(entry)
  }

  setUntil(entry: Entry, until: number): void {
    entry.until = until
    this.#byExpiry.update(entry)
  }

  #append(entry: Entry): void {
    const ends = this.#ends
    entry.newer = ends
    entry.older = ends.older
    ends.older.newer = entry
    ends.older = entry
  }
}

function unlink({ newer, older }: Entry): void {
  newer.older = older
  older.newer = newer
}
