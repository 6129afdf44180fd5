import { LRUCache } from 'lru-cache'
import type { ConditionalStore, StoreRequest, TouchableStore, Versioned, WriteOutcome } from '../contracts/store'
import type { SessionRecord } from '../record'
import { RecordText } from '../record-text'

/** What a {@link LayeredStore} takes beside the store that it stands in front of. */
export interface LayeredStoreOptions {
  /**
   * For how many milliseconds a record may be answered from memory although another process may have changed or
   * destroyed it. Default: 0, nothing is.
   */
  maxStale?: number
  /** How many records are kept in memory at most. Default: 10,000. */
  max?: number
}

interface Cached {
  text: string
  revision: unknown
}

/**
 * A small memory in front of a shared store, which saves a round trip for each request of a busy visitor.
 *
 * For `maxStale` milliseconds, this process may not see what another one does: a logout there takes effect here that much
 * later. What this process itself writes or destroys, it sees at once. Writes are as safe as without it: each one is
 * made by the shared store on its condition, and after a conflict the record is read from there.
 *
 * @example
 * const store = new LayeredStore(new RedisStore(redis), { maxStale: 2000 })
 */
export class LayeredStore implements ConditionalStore, TouchableStore {
  readonly #shared: ConditionalStore & TouchableStore
  readonly #cache: LRUCache<string, Cached> | undefined
  readonly #text: RecordText
  /** How often each key that is being read was written meanwhile: what was read before that is not kept. */
  readonly #reading = new Map<string, { readers: number; isOutdated: boolean }>()

  constructor(shared: ConditionalStore & TouchableStore, { maxStale = 0, max = 10_000 }: LayeredStoreOptions = {}) {
    this.#shared = shared
    this.#text = new RecordText({ serializer: shared.serializer })
    if (maxStale > 0) {
      this.#cache = new LRUCache({ max, ttl: maxStale, ttlResolution: 0, perf: { now: () => Date.now() } })
    }
  }

  get serializer(): RecordText['serializer'] {
    return this.#text.serializer
  }

  async get(key: string, _maxAge: number, request: StoreRequest): Promise<SessionRecord | undefined> {
    return (await this.read(key, request))?.record
  }

  async read(key: string, request: StoreRequest): Promise<Versioned | undefined> {
    const cached = this.#cache?.get(key)
    const known = cached && this.#text.parse(cached.text)
    if (known) return { ...known, revision: cached.revision }
    return this.#readShared(key, request)
  }

  async set(key: string, record: SessionRecord, maxAge: number, request: StoreRequest): Promise<void> {
    await this.#change(key, () => this.#shared.set(key, record, maxAge, { ...request, changed: true }))
  }

  async create(
    key: string,
    record: SessionRecord,
    maxAge: number,
    request: StoreRequest,
  ): Promise<{ revision: unknown } | undefined> {
    return this.#change(key, () => this.#shared.create(key, record, maxAge, request))
  }

  async replace(
    key: string,
    record: SessionRecord,
    maxAge: number,
    revision: unknown,
    request: StoreRequest,
  ): Promise<WriteOutcome> {
    return this.#change(key, () => this.#shared.replace(key, record, maxAge, revision, request))
  }

  async touch(key: string, expire: number | undefined, maxAge: number, request: StoreRequest): Promise<boolean> {
    return this.#change(key, () => this.#shared.touch(key, expire, maxAge, request))
  }

  async destroy(key: string, request: { ctx: StoreRequest['ctx'] }): Promise<boolean> {
    return this.#change(key, () => this.#shared.destroy(key, request))
  }

  async #readShared(key: string, request: StoreRequest): Promise<Versioned | undefined> {
    const reading = this.#reading.get(key) ?? { readers: 0, isOutdated: false }
    this.#reading.set(key, reading)
    reading.readers++
    try {
      const found = await this.#shared.read(key, request)
      if (!found) return undefined
      if (!reading.isOutdated) {
        this.#cache?.set(key, { text: this.#text.stringify(found.record, found), revision: found.revision })
      }
      return found
    } finally {
      reading.readers--
      if (reading.readers === 0 && this.#reading.get(key) === reading) this.#reading.delete(key)
    }
  }

  /** The memory is emptied before a change and after it, and no reading that began before the change's end fills it. */
  async #change<T>(key: string, work: () => T): Promise<Awaited<T>> {
    this.#forget(key)
    try {
      return await work()
    } finally {
      this.#forget(key)
    }
  }

  #forget(key: string): void {
    this.#cache?.delete(key)
    const reading = this.#reading.get(key)
    if (reading) reading.isOutdated = true
    this.#reading.delete(key)
  }
}
