import { LRUCache } from 'lru-cache'
import {
  isOwnerIndexed,
  type ConditionalStore,
  type OwnerIndexedStore,
  type ReadAt,
  type ConditionalContext,
  type TouchableStore,
  type Versioned,
  type WriteOutcome,
} from '../../contracts/store'
import { isEndStore, type EndStore } from '../../contracts/end-store'
import { debug } from '../../base/debug'
import { keepName } from '../../base/keep-name'
import { RecentMap } from '../../base/recent-map'
import { publishAside, type Bus, type BusMessage } from '../../contracts/bus'
import { accessOf, openById } from '../../session/access'
import { hashOwner, hashSession } from '../../session/hashes'
import type { SessionRecord } from '../../session/record'
import { Readings } from './readings'
import { boundsOf, RecordCache } from './record-cache'
import { RecordText } from '../record-text'
import { checkMethods } from '../checks'

/** The options of a {@link LayeredStore}. */
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
export class LayeredStore implements ConditionalStore, TouchableStore, Partial<OwnerIndexedStore & EndStore> {
  readonly listByOwner?: OwnerIndexedStore['listByOwner']
  readonly destroyByOwner?: OwnerIndexedStore['destroyByOwner']
  readonly readMark?: OwnerIndexedStore['readMark']
  readonly setMark?: OwnerIndexedStore['setMark']
  readonly readEnds?: EndStore['readEnds']
  readonly setEnd?: EndStore['setEnd']
  readonly bus?: Bus
  readonly #shared: ConditionalStore & TouchableStore
  readonly #cache: RecordCache | undefined
  /** What clients presented that did not fit: the shared store is asked once for each. */
  readonly #doubts: LRUCache<string, true> | undefined
  readonly #text: RecordText
  readonly #readings = new Readings()
  readonly #hashes: RecentMap<string>
  readonly #unsubscribe: (() => void) | undefined
  /** What this store has told itself: it has done already what there is to do. */
  readonly #own = new WeakSet<BusMessage>()

  constructor(
    shared: ConditionalStore & TouchableStore,
    { maxStale = 0, max = 10_000, bus }: LayeredStoreOptions = {},
  ) {
    const takes = 'LayeredStore takes a store with conditional writes and touch'
    checkMethods(shared, ['read', 'create', 'replace', 'touch'], takes)
    this.#shared = shared
    this.bus = bus
    this.#hashes = new RecentMap(max)
    this.#text = new RecordText({ serializer: shared.serializer }, { passesText: new.target === LayeredStore })
    if (maxStale > 0) {
      this.#cache = new RecordCache({ max, ttl: maxStale })
      this.#doubts = new LRUCache(boundsOf({ max, ttl: maxStale }))
      this.#unsubscribe = bus?.subscribe((message) => this.#hear(message))
    }
    if (isEndStore(shared)) [this.readEnds, this.setEnd] = [shared.readEnds.bind(shared), shared.setEnd.bind(shared)]
    if (!isOwnerIndexed(shared)) return
    this.listByOwner = (owner) => shared.listByOwner(owner)
    ;[this.readMark, this.setMark] = [shared.readMark.bind(shared), shared.setMark.bind(shared)]
    this.destroyByOwner = async (owner, choice) => {
      const only = choice?.only
      const count = await this.#change(only, () => shared.destroyByOwner(owner, choice))
      if (only === undefined) this.#publish(() => ({ kind: 'revoked', owner: hashOwner(owner) }))
      else if (count > 0) this.#publish(() => ({ kind: 'ended', session: this.#nameOf(only) }))
      return count
    }
  }

  get serializer(): RecordText['serializer'] {
    return this.#text.serializer
  }

  async get(key: string, _maxAge: number, context: ConditionalContext): Promise<SessionRecord | undefined> {
    return openById((await this.read(key, context))?.record, context)
  }

  async read(key: string, context: ConditionalContext): Promise<Versioned | undefined> {
    const { doubt } = context
    if (doubt !== undefined && !this.#doubts?.has(doubt)) {
      const found = await this.#readShared(key, context)
      this.#doubts?.set(doubt, true)
      return found
    }
    const cached = this.#cache?.get(key)
    const known = cached && this.#text.parse(cached.text)
    if (known) return { record: known.record, text: known.text, revision: cached.revision, isCached: true }
    return this.#readShared(key, context)
  }

  async set(key: string, record: SessionRecord, maxAge: number, context: ConditionalContext): Promise<void> {
    await this.#change(key, () => this.#shared.set(key, record, maxAge, { ...context, changed: true }))
    this.#publishWritten(key, record)
  }

  async create(
    key: string,
    record: SessionRecord,
    maxAge: number,
    context: ConditionalContext,
  ): Promise<{ revision: unknown } | undefined> {
    return this.#write(key, record, context, async () => {
      const answer = await this.#shared.create(key, record, maxAge, context)
      return { answer, written: answer }
    })
  }

  async replace(
    key: string,
    record: SessionRecord,
    maxAge: number,
    revision: unknown,
    context: ConditionalContext,
  ): Promise<WriteOutcome> {
    const outcome = await this.#write(key, record, context, async () => {
      const answer = await this.#shared.replace(key, record, maxAge, revision, context)
      return { answer, written: answer.outcome === 'written' ? answer : undefined }
    })
    if (outcome.outcome === 'written') this.#publishWritten(key, record)
    return outcome
  }

  async touch(
    key: string,
    expire: number | undefined,
    maxAge: number,
    context: ConditionalContext,
  ): Promise<WriteOutcome> {
    return this.#change(key, () => this.#shared.touch(key, expire, maxAge, context))
  }

  async destroy(key: string, context: { ctx: ConditionalContext['ctx']; at?: ReadAt }): Promise<boolean> {
    const isDestroyed = await this.#change(key, () => this.#shared.destroy(key, context))
    if (isDestroyed) this.#publish(() => ({ kind: 'ended', session: this.#nameOf(key) }))
    return isDestroyed
  }

  /** Stops listening on the bus, and keeps nothing any more; the shared store and the bus stay open. */
  close(): void {
    this.#unsubscribe?.()
    this.#cache?.delete(undefined)
  }

  async #readShared(key: string, context: ConditionalContext): Promise<Versioned | undefined> {
    if (!this.#cache) return (await this.#shared.read(key, context)) ?? undefined
    const name = this.#nameOf(key)
    return this.#readings.during(name, async (reading) => {
      const found = await this.#shared.read(key, context)
      if (!found) return void this.#cache?.delete(key)
      const { record, revision } = found
      if (!reading.isOutdated) this.#cache?.set(key, { text: this.#text.stringify(record, found), revision, name })
      return found
    })
  }

  /** Keeps what was written, unless somebody else has changed the record meanwhile: then nobody knows which was last. */
  async #write<T>(
    key: string,
    record: SessionRecord,
    context: ConditionalContext,
    work: () => Promise<{ answer: T; written: { revision: unknown } | undefined }>,
  ): Promise<T> {
    if (!this.#cache) return (await work()).answer
    this.#cache?.delete(key)
    const name = this.#nameOf(key)
    return this.#readings.change(name, async (result) => {
      const { answer, written } = await work()
      this.#cache?.delete(key)
      // What keeps a life says less of it than the store knows.
      if (written && !result.isOutdated && !context.keepsLife) {
        this.#cache?.set(key, { text: this.#text.stringify(record, context), revision: written.revision, name })
      }
      return answer
    })
  }

  /**
   * The memory is emptied before a change and after it, and no reading that began before the change's end fills it.
   *
   * @param key undefined for a change of who knows which records
   */
  async #change<T>(key: string | undefined, work: () => T): Promise<Awaited<T>> {
    this.#cache?.delete(key)
    const end = this.#readings.block(key === undefined ? undefined : this.#nameOf(key))
    try {
      return await work()
    } finally {
      end()
      this.#cache?.delete(key)
    }
  }

  /** What readings are known by: with a bus, what messages call them. A hash costs as much as a read from memory. */
  #nameOf(key: string): string {
    return this.bus ? this.#hashes.getOr(key, hashSession) : key
  }

  /** Drops what somebody has changed. A reading that is under way may have been before the change. */
  #hear(message: BusMessage): void {
    if (this.#own.has(message) || message.kind === 'key') return
    const name = 'session' in message ? message.session : undefined
    this.#readings.block(name)()
    this.#cache?.deleteNamed(name)
  }

  #publishWritten(key: string, record: SessionRecord): void {
    this.#publish(() => ({ kind: 'written', session: this.#nameOf(key), generation: accessOf(record).generation }))
  }

  /** A message that is lost costs the others no more than `maxStale`. */
  #publish(make: () => BusMessage): void {
    if (!this.bus) return
    const message = make()
    this.#own.add(message)
    publishAside(this.bus, message, (error) => debug('bus: %s', (error as Error | undefined)?.message))
  }
}

keepName(LayeredStore, 'LayeredStore')
