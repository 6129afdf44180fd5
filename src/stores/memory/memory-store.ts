import type { Context } from 'koa'
import type {
  ConditionalStore,
  OwnedChoice,
  OwnedRecord,
  OwnerIndexedStore,
  OwnerMark,
  ReadAt,
  ConditionalContext,
  TouchableStore,
  Versioned,
  WriteOutcome,
} from '../../contracts/store'
import { SessionError } from '../../base/errors'
import { keepName } from '../../base/keep-name'
import { openById, withoutAccess } from '../../session/access'
import type { SessionRecord } from '../../session/record'
import { checkOwner } from '../checks'
import { MemoryEnds } from './memory-ends'
import { Entry, MemoryEntries } from './memory-entries'
import { OwnerMarks } from '../owner-marks'
import { RecordText, type RecordTextOptions } from '../record-text'
import { WithEnds } from '../with-ends'

/** The options of a {@link MemoryStore}. */
export interface MemoryStoreOptions extends RecordTextOptions {
  /** How many sessions it holds at most; past that, expired ones are forgotten, and then what was used least lately. Default: 100,000. */
  max?: number
  /** How many keys have an end at most: past that it refuses to end another one. Default: 1,000,000. */
  maxEnds?: number
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
export class MemoryStore extends WithEnds implements ConditionalStore, TouchableStore, OwnerIndexedStore {
  readonly #entries = new MemoryEntries()
  readonly #max: number
  readonly #text: RecordText
  /** Times are kept as milliseconds since then: these are small integers, which take no memory of their own. */
  readonly #epoch = Date.now()
  /** The entries of every owner that has any. */
  readonly #ofOwner = new Map<string, Set<Entry>>()
  readonly #marks = new OwnerMarks()

  /** @throws {SessionError} `ERR_SESSION_OPTIONS` for a `max` or `maxEnds` that is no positive whole number */
  constructor({ max = 100_000, maxEnds = 1_000_000, ...text }: MemoryStoreOptions = {}) {
    super(new MemoryEnds(checkMax('maxEnds', maxEnds)))
    checkMax('max', max)
    this.#max = max
    this.#text = new RecordText(text, { passesText: new.target === MemoryStore })
  }

  /** How many records it holds, expired ones that nobody has asked for included. */
  get size(): number {
    return this.#entries.size
  }

  get serializer(): RecordText['serializer'] {
    return this.#text.serializer
  }

  get(key: string, _maxAge?: number, context?: ConditionalContext): SessionRecord | undefined {
    return openById(this.read(key)?.record, context)
  }

  set(key: string, record: SessionRecord, maxAge: number, context?: ConditionalContext): void {
    this.#write(key, record, maxAge, context)
  }

  destroy(key: string, { at }: { ctx?: Context; at?: ReadAt } = {}): boolean {
    const entry = this.#find(key)
    if (!entry || (at && !(entry.text === at.revision && this.#expireOf(entry) === at.expire))) return false
    this.#delete(entry)
    return true
  }

  /** The revision is the text itself: two equal texts are the same record. */
  read(key: string): Versioned | undefined {
    const entry = this.#find(key)
    if (!entry) return undefined
    this.#entries.use(entry)
    const found = this.#parse(entry)
    return found && { record: found.record, text: found.text, revision: entry.text }
  }

  create(
    key: string,
    record: SessionRecord,
    maxAge: number,
    context?: ConditionalContext,
  ): { revision: unknown } | undefined {
    return this.#find(key) ? undefined : { revision: this.#write(key, record, maxAge, context) }
  }

  replace(
    key: string,
    record: SessionRecord,
    maxAge: number,
    revision: unknown,
    context?: ConditionalContext,
  ): WriteOutcome {
    const entry = this.#find(key)
    if (!entry) return { outcome: 'missing' }
    if (entry.text !== revision) return { outcome: 'conflict' }
    return { outcome: 'written', revision: this.#write(key, record, maxAge, context) }
  }

  touch(key: string, expire: number | undefined, maxAge: number, context?: ConditionalContext): WriteOutcome {
    const revision = context?.revision
    const entry = this.#find(key)
    if (!entry) return { outcome: 'missing' }
    if (revision !== undefined && entry.text !== revision) return { outcome: 'conflict' }
    this.#entries.use(entry)
    this.#entries.setUntil(entry, Math.max(entry.until, this.#now + Math.ceil(maxAge)))
    if (expire !== undefined && entry.expire !== undefined) entry.expire = Math.max(entry.expire, expire - this.#epoch)
    return { outcome: 'written', revision }
  }

  listByOwner(owner: string): OwnedRecord[] {
    return this.#owned(owner).flatMap((entry) => {
      const found = this.#isLive(entry) ? this.#parse(entry) : undefined
      return found ? [{ key: entry.key, record: withoutAccess(found.record), revision: entry.text }] : []
    })
  }

  destroyByOwner(owner: string, { except, only, at }: OwnedChoice = {}): number {
    const entries = this.#owned(owner).filter(({ key, text }) => {
      return key !== except && (only === undefined || (key === only && (!at || text === at.revision)))
    })
    const count = entries.filter((entry) => this.#isLive(entry)).length
    for (const entry of entries) this.#delete(entry)
    return count
  }

  readMark(owner: string): OwnerMark {
    return this.#marks.read(checkOwner(owner))
  }

  setMark(owner: string): void {
    this.#marks.set(checkOwner(owner))
  }

  #owned(owner: string): Entry[] {
    return Array.from(this.#ofOwner.get(checkOwner(owner)) ?? [])
  }

  /** Whether neither the entry nor its record has expired. */
  #isLive({ until, expire = Infinity }: Entry): boolean {
    return Math.min(until, expire) >= this.#now
  }

  #parse(entry: Entry): ReturnType<RecordText['parse']> {
    return this.#text.parse(entry.text, this.#expireOf(entry))
  }

  #expireOf({ expire }: Entry): number | undefined {
    return expire === undefined ? undefined : expire + this.#epoch
  }

  get #now(): number {
    return Date.now() - this.#epoch
  }

  #find(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    if (!entry || entry.until >= this.#now) return entry
    this.#delete(entry)
    return undefined
  }

  #write(key: string, record: SessionRecord, maxAge: number, context: ConditionalContext | undefined): string {
    const owner = context?.owner === undefined ? undefined : checkOwner(context.owner)
    const text = flat(this.#text.stringify(record, context))
    const until = this.#now + Math.ceil(maxAge)
    const expire = typeof record._expire === 'number' ? record._expire - this.#epoch : undefined
    const entry = this.#entries.get(key)
    if (entry) {
      this.#disown(entry)
      const isLater = context?.keepsLife === true && entry.expire !== undefined && entry.expire > (expire ?? 0)
      Object.assign(entry, { text, expire: isLater ? entry.expire : expire, owner })
      this.#entries.setUntil(entry, context?.keepsLife ? Math.max(until, entry.until) : until)
      this.#entries.use(entry)
      this.#own(entry)
    } else {
      if (this.#entries.size >= this.#max) this.#makeRoom()
      const added = new Entry(flat(key), text, until, expire, owner)
      this.#entries.add(added)
      this.#own(added)
    }
    return text
  }

  /** What has expired goes first, and then what was used least lately. */
  #makeRoom(): void {
    const { firstToExpire, leastLatelyUsed } = this.#entries
    this.#delete(firstToExpire && firstToExpire.until < this.#now ? firstToExpire : leastLatelyUsed)
  }

  #delete(entry: Entry): void {
    this.#disown(entry)
    this.#entries.delete(entry)
  }

  #own(entry: Entry): void {
    const { owner } = entry
    if (owner === undefined) return
    const entries = this.#ofOwner.get(owner)
    if (entries) entries.add(entry)
    else this.#ofOwner.set(owner, new Set([entry]))
  }

  #disown(entry: Entry): void {
    const { owner } = entry
    if (owner === undefined) return
    const entries = this.#ofOwner.get(owner)
    entries?.delete(entry)
    if (entries?.size === 0) this.#ofOwner.delete(owner)
  }
}

function checkMax(name: 'max' | 'maxEnds', max: unknown): number {
  if (Number.isInteger(max) && Number(max) > 0) return Number(max)
  const what = name === 'max' ? 'sessions it holds' : 'keys have an end'
  throw new SessionError(
    'ERR_SESSION_OPTIONS',
    `MemoryStore({ ${name} }) takes how many ${what} at most, a whole number above 0: not ${String(max)}.`,
  )
}

/** A text that was put together of parts keeps all of them in memory, five times its own size, until it is read as a number. */
function flat(text: string): string {
  void Number(text)
  return text
}

keepName(MemoryStore, 'MemoryStore')
