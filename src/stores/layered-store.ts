import { LRUCache } from 'lru-cache'
import {
  isOwnerIndexed,
  type ConditionalStore,
  type OwnerIndexedStore,
  type ReadAt,
  type StoreContext,
  type TouchableStore,
  type Versioned,
  type WriteOutcome,
} from '../contracts/store'
import { debug } from '../base/debug'
import { publishAside, type Bus, type BusMessage } from '../contracts/bus'
import { accessOf, openById } from '../session/access'
import { hashOwner, hashSession } from '../session/hashes'
import type { SessionRecord } from '../session/record'
import { Readings } from './readings'
import { RecordText } from './record-text'

/** What a {@link LayeredStore} takes beside the store that it stands in front of. */
export interface LayeredStoreOptions {
  /**
   * For how many milliseconds a record may be returned from memory although another process may have changed or
   * destroyed it. Default: 0, nothing is.
   */
  maxStale?: number
  /** How many records are kept in memory at most. Default: 10,000. */
  max?: number
  /**
   * Tells the others what this one has changed, and drops from this memory what they have: `maxStale` bounds only what is
   * missed where messages are lost. Default: none.
   */
  bus?: Bus
}

interface Cached {
  text: string
  revision: unknown
  /** What messages call it; undefined without a bus. */
  name: string | undefined
}

/**
 * A small memory in front of a shared store, which saves a round trip for each request of a busy visitor.
 *
 * For `maxStale` milliseconds, this process may not see what another one does: a logout there takes effect here that much
 * later. What this process itself writes or destroys, it sees at once. Writes are as safe as without it: each one is
 * made by the shared store on its condition, and after a conflict the record is read from there. It has an index by owner
 * where the shared store has one.
 *
 * With a `bus`, other processes are heard: then `maxStale` can be long. A service on this store listens on that bus too.
 *
 * @example
 * const store = new LayeredStore(new RedisStore(redis), { bus: new RedisBus(redis), maxStale: 60_000 })
 */
export class LayeredStore implements ConditionalStore, TouchableStore, Partial<OwnerIndexedStore> {
  readonly listByOwner?: OwnerIndexedStore['listByOwner']
  readonly destroyByOwner?: OwnerIndexedStore['destroyByOwner']
  readonly readMark?: OwnerIndexedStore['readMark']
  readonly setMark?: OwnerIndexedStore['setMark']
  readonly bus?: Bus
  readonly #shared: ConditionalStore & TouchableStore
  readonly #cache: LRUCache<string, Cached> | undefined
  /** What clients presented that did not fit: the shared store is asked once for each. */
  readonly #doubts: LRUCache<string, true> | undefined
  readonly #text: RecordText
  readonly #readings = new Readings()
  /** Which key a message means, of those in memory. */
  readonly #keys = new Map<string, string>()
  readonly #unsubscribe: (() => void) | undefined

  constructor(
    shared: ConditionalStore & TouchableStore,
    { maxStale = 0, max = 10_000, bus }: LayeredStoreOptions = {},
  ) {
    this.#shared = shared
    this.bus = bus
    this.#text = new RecordText({ serializer: shared.serializer }, { passesText: new.target === LayeredStore })
    if (maxStale > 0) {
      const bounds = { max, ttl: maxStale, ttlResolution: 0, perf: { now: () => Date.now() } }
      this.#cache = new LRUCache({ ...bounds, dispose: ({ name }, _key, reason) => this.#dispose(name, reason) })
      this.#doubts = new LRUCache(bounds)
      this.#unsubscribe = bus?.subscribe((message) => this.#hear(message))
    }
    if (!isOwnerIndexed(shared)) return
    this.listByOwner = (owner) => shared.listByOwner(owner)
    this.readMark = (owner) => shared.readMark(owner)
    this.setMark = (owner) => shared.setMark(owner)
    this.destroyByOwner = async (owner, options) => {
      const count = await this.#change(undefined, () => shared.destroyByOwner(owner, options))
      this.#tell(() => ({ kind: 'revoked', owner: hashOwner(owner) }))
      return count
    }
  }

  get serializer(): RecordText['serializer'] {
    return this.#text.serializer
  }

  async get(key: string, _maxAge: number, context: StoreContext): Promise<SessionRecord | undefined> {
    return openById((await this.read(key, context))?.record, context)
  }

  async read(key: string, context: StoreContext): Promise<Versioned | undefined> {
    const { doubt } = context
    if (doubt !== undefined && !this.#doubts?.has(doubt)) {
      const found = await this.#readShared(key, context)
      this.#doubts?.set(doubt, true)
      return found
    }
    const cached = this.#cache?.get(key)
    const known = cached && this.#text.parse(cached.text)
    if (known) return { ...known, revision: cached.revision, isCached: true }
    return this.#readShared(key, context)
  }

  async set(key: string, record: SessionRecord, maxAge: number, context: StoreContext): Promise<void> {
    await this.#change(key, () => this.#shared.set(key, record, maxAge, { ...context, changed: true }))
    this.#tellWritten(key, record)
  }

  async create(
    key: string,
    record: SessionRecord,
    maxAge: number,
    context: StoreContext,
  ): Promise<{ revision: unknown } | undefined> {
    return this.#change(key, () => this.#shared.create(key, record, maxAge, context))
  }

  async replace(
    key: string,
    record: SessionRecord,
    maxAge: number,
    revision: unknown,
    context: StoreContext,
  ): Promise<WriteOutcome> {
    const outcome = await this.#change(key, () => this.#shared.replace(key, record, maxAge, revision, context))
    if (outcome.outcome === 'written') this.#tellWritten(key, record)
    return outcome
  }

  async touch(
    key: string,
    expire: number | undefined,
    maxAge: number,
    context: StoreContext,
  ): Promise<WriteOutcome | boolean | undefined | void> {
    return this.#change(key, () => this.#shared.touch(key, expire, maxAge, context))
  }

  async destroy(key: string, context: { ctx: StoreContext['ctx']; at?: ReadAt }): Promise<boolean> {
    const isDestroyed = await this.#change(key, () => this.#shared.destroy(key, context))
    if (isDestroyed) this.#tell(() => ({ kind: 'ended', session: hashSession(key) }))
    return isDestroyed
  }

  /** Stops listening on the bus, and keeps nothing any more; the shared store and the bus stay open. */
  close(): void {
    this.#unsubscribe?.()
    this.#cache?.clear()
  }

  async #readShared(key: string, context: StoreContext): Promise<Versioned | undefined> {
    if (!this.#cache) return (await this.#shared.read(key, context)) ?? undefined
    const name = this.#nameOf(key)
    return this.#readings.during(name, async (reading) => {
      const found = await this.#shared.read(key, context)
      if (!found) return undefined
      if (!reading.isOutdated) {
        this.#keep(key, { text: this.#text.stringify(found.record, found), revision: found.revision, name })
      }
      return found
    })
  }

  /**
   * The memory is emptied before a change and after it, and no reading that began before the change's end fills it.
   *
   * @param key undefined for a change of who knows which records
   */
  async #change<T>(key: string | undefined, work: () => T): Promise<Awaited<T>> {
    this.#forget(key)
    const end = this.#readings.block(key === undefined ? undefined : this.#nameOf(key))
    try {
      return await work()
    } finally {
      end()
      this.#forget(key)
    }
  }

  #forget(key: string | undefined): void {
    if (key === undefined) this.#cache?.clear()
    else this.#cache?.delete(key)
  }

  #keep(key: string, cached: Cached): void {
    this.#cache?.set(key, cached)
    if (cached.name !== undefined) this.#keys.set(cached.name, key)
  }

  #dispose(name: string | undefined, reason: string): void {
    if (name !== undefined && reason !== 'set') this.#keys.delete(name)
  }

  /** What readings are known by: with a bus, what messages call them. */
  #nameOf(key: string): string {
    return this.bus ? hashSession(key) : key
  }

  /** Drops what somebody has changed. A reading that is under way may have been before the change. */
  #hear(message: BusMessage): void {
    const name = 'session' in message ? message.session : undefined
    this.#readings.block(name)()
    if (name === undefined) return this.#forget(undefined)
    const key = this.#keys.get(name)
    if (key !== undefined) this.#forget(key)
  }

  #tellWritten(key: string, record: SessionRecord): void {
    this.#tell(() => ({ kind: 'written', session: hashSession(key), hands: accessOf(record).hands }))
  }

  /** A message that is lost costs the others no more than `maxStale`. */
  #tell(make: () => BusMessage): void {
    if (this.bus) publishAside(this.bus, make(), (error) => debug('bus: %s', (error as Error | undefined)?.message))
  }
}
