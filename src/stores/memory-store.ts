import type {
  ConditionalStore,
  OwnedRecord,
  OwnerIndexedStore,
  StoreRequest,
  TouchableStore,
  Versioned,
  WriteOutcome,
} from '../contracts/store'
import { SessionError } from '../errors'
import type { SessionRecord } from '../record'
import { RecordText, type RecordTextOptions } from '../record-text'

/** What a {@link MemoryStore} takes. */
export interface MemoryStoreOptions extends RecordTextOptions {
  /** How many sessions it holds at most; past that, one that was not used lately is forgotten. Default: 100,000. */
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
  /** In the order of their last use, as far as it is known: see {@link Entry.isRecent}. */
  readonly #entries = new Map<string, Entry>()
  readonly #max: number
  readonly #text: RecordText
  /** Times are kept as milliseconds since then: these are small integers, which take no memory of their own. */
  readonly #epoch = Date.now()
  /** The keys of every owner that has any, and who owns a key. */
  readonly #keysByOwner = new Map<string, Set<string>>()
  readonly #ownerByKey = new Map<string, string>()

  /** @throws {SessionError} `ERR_SESSION_OPTIONS` for a `max` that is no positive whole number */
  constructor({ max = 100_000, ...text }: MemoryStoreOptions = {}) {
    if (!(Number.isInteger(max) && max > 0)) throw badMax(max)
    this.#max = max
    this.#text = new RecordText(text)
  }

  /** How many records it holds, expired ones that nobody has asked for included. */
  get size(): number {
    return this.#entries.size
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
    return this.#find(key) !== undefined && this.#delete(key)
  }

  /** The revision is the text itself: two equal texts are the same record. */
  read(key: string): Versioned | undefined {
    const entry = this.#find(key)
    if (!entry) return undefined
    entry.isRecent = true
    const found = this.#text.parse(entry.text, entry.expire === undefined ? undefined : entry.expire + this.#epoch)
    return found && { record: found.record, text: found.text, revision: entry.text }
  }

  create(
    key: string,
    record: SessionRecord,
    maxAge: number,
    request?: StoreRequest,
  ): { revision: unknown } | undefined {
    return this.#find(key) ? undefined : { revision: this.#write(key, record, maxAge, request) }
  }

  replace(key: string, record: SessionRecord, maxAge: number, revision: unknown, request?: StoreRequest): WriteOutcome {
    const entry = this.#find(key)
    if (!entry) return { outcome: 'missing' }
    if (entry.text !== revision) return { outcome: 'conflict' }
    return { outcome: 'written', revision: this.#write(key, record, maxAge, request) }
  }

  touch(key: string, expire: number | undefined, maxAge: number): boolean {
    const entry = this.#find(key)
    if (!entry) return false
    entry.isRecent = true
    entry.until = Math.max(entry.until, this.#now + Math.ceil(maxAge))
    if (expire !== undefined && entry.expire !== undefined) entry.expire = Math.max(entry.expire, expire - this.#epoch)
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

  get #now(): number {
    return Date.now() - this.#epoch
  }

  #find(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    if (!entry || entry.until >= this.#now) return entry
    this.#delete(key)
    return undefined
  }

  #write(key: string, record: SessionRecord, maxAge: number, request: StoreRequest | undefined): string {
    const text = flat(this.#text.stringify(record, request))
    const until = this.#now + Math.ceil(maxAge)
    const expire = typeof record._expire === 'number' ? record._expire - this.#epoch : undefined
    const entry = this.#entries.get(key)
    if (entry) {
      this.#forget(key)
      Object.assign(entry, { text, until, expire, isRecent: true })
    } else {
      if (this.#entries.size >= this.#max) this.#makeRoom()
      this.#entries.set(flat(key), new Entry(text, until, expire))
    }
    if (request?.owner !== undefined) this.#own(key, request.owner)
    return text
  }

  /** The oldest one goes, unless it was used since it was last looked at here: then it counts as the newest. */
  #makeRoom(): void {
    for (const [key, entry] of this.#entries) {
      if (!entry.isRecent || entry.until < this.#now) return void this.#delete(key)
      entry.isRecent = false
      this.#entries.delete(key)
      this.#entries.set(key, entry)
    }
  }

  #delete(key: string): boolean {
    this.#forget(key)
    return this.#entries.delete(key)
  }

  #own(key: string, owner: string): void {
    const keys = this.#keysByOwner.get(owner) ?? new Set()
    this.#keysByOwner.set(owner, keys.add(key))
    this.#ownerByKey.set(key, owner)
  }

  /** Forgets whose a key is. */
  #forget(key: string): void {
    const owner = this.#ownerByKey.get(key)
    if (owner === undefined) return
    const keys = this.#keysByOwner.get(owner)
    keys?.delete(key)
    if (keys?.size === 0) this.#keysByOwner.delete(owner)
    this.#ownerByKey.delete(key)
  }
}

class Entry {
  /** Whether it was used since {@link MemoryStore} last looked for one to forget. */
  isRecent = false

  constructor(
    public text: string,
    /** When it may be forgotten, and when its record expires, where that says. */
    public until: number,
    public expire: number | undefined,
  ) {}
}

function badMax(max: unknown): SessionError {
  return new SessionError(
    'ERR_SESSION_OPTIONS',
    `MemoryStore({ max }) takes how many sessions it holds at most, a whole number above 0: not ${String(max)}.`,
  )
}

/** A text that was put together of parts keeps all of them in memory, five times its own size, until it is read as a number. */
function flat(text: string): string {
  void Number(text)
  return text
}
