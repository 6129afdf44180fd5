import { randomUUID } from 'node:crypto'
import type { Context } from 'koa'
import { monotonic } from '../../base/monotonic'
import { keepName } from '../../base/keep-name'
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
import { openById } from '../../session/access'
import type { SessionRecord } from '../../session/record'
import { checkLife, checkOwner } from '../checks'
import { RecordText, type RecordTextOptions } from '../record-text'
import { WithEnds } from '../with-ends'
import { GRACE_MS, OwnerIndex } from './owner-index'
import { OwnedRecords } from './owned-records'
import { RedisEnds } from './redis-ends'
import { RedisOwnerMarks } from './redis-owner-marks'
import { CREATE, DESTROY, DESTROY_AT, REPLACE, SET, TOUCH } from './record-scripts'
import { confirmedSenderOf, senderOf, type RedisClient, type ReplicasToWaitFor, type Send } from './redis-client'
import { markOf, outcomeOf, ownerIn, textOf } from './redis-fields'
import { partsOf, readValue, writeValue } from './redis-value'

export type { RedisClient } from './redis-client'

/** The options of a {@link RedisStore}. */
export interface RedisStoreOptions extends RecordTextOptions {
  /** What every key in Redis begins with: `r:` and an id follow, `o:` or `m:` and an owner, or `{ends}`. Default: `session:`. */
  prefix?: string
  /**
   * How many replicas have to have a write before it counts, and for how many milliseconds it waits for them: past that
   * it fails with `ERR_SESSION_STORE`. Without it, what was written last is lost where a master fails before it has
   * passed it on. Commands behind a write on the same connection wait too: give the store a client of its own.
   */
  waitForReplicas?: ReplicasToWaitFor
}

/** So much of a UUID has 60 random bits: no two writes of one record have the same. */
const REVISION_LENGTH = 18

/**
 * Keeps sessions in Redis, Valkey, or a cluster of either, through a ready client of ioredis, iovalkey or `redis`.
 *
 * It makes every promise that a store can make: conditional writes, touch, an index by owner. Set the server's
 * `maxmemory-policy` to `noeviction`: other policies may take an owner's index, which is mended only by the next write or
 * touch of each of the sessions. From `koa-session-service/redis`.
 *
 * @example
 * import { Redis } from 'ioredis'
 * import { RedisStore } from 'koa-session-service/redis'
 * app.use(session({ store: new RedisStore(new Redis()) }, app))
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS` for something that is no client
 */
export class RedisStore extends WithEnds implements ConditionalStore, TouchableStore, OwnerIndexedStore {
  readonly #send: Send
  /** For what writes; what reads needs no confirmation. */
  readonly #write: Send
  readonly #prefix: string
  readonly #marks: RedisOwnerMarks
  readonly #index: OwnerIndex
  readonly #owned: OwnedRecords
  readonly #text: RecordText

  constructor(client: RedisClient, { prefix = 'session:', waitForReplicas, ...text }: RedisStoreOptions = {}) {
    const send = senderOf(client)
    const write = waitForReplicas ? confirmedSenderOf(client, waitForReplicas) : send
    super(new RedisEnds(send, write, prefix))
    this.#send = send
    this.#write = write
    this.#prefix = `${prefix}r:`
    this.#marks = new RedisOwnerMarks(this.#send, this.#write, `${prefix}m:`)
    this.#index = new OwnerIndex(this.#send, this.#write, `${prefix}o:`)
    this.#text = new RecordText(text, { passesText: new.target === RedisStore })
    const { parse } = this.#text
    this.#owned = new OwnedRecords({
      send: this.#send,
      write: this.#write,
      prefix: this.#prefix,
      index: this.#index,
      parse: parse.bind(this.#text),
    })
  }

  get serializer(): RecordText['serializer'] {
    return this.#text.serializer
  }

  async get(key: string, _maxAge?: number, context?: ConditionalContext): Promise<SessionRecord | undefined> {
    return openById((await this.read(key))?.record, context)
  }

  async read(key: string): Promise<Versioned | undefined> {
    const value = await readValue(this.#send, this.#prefix + key)
    const found = value && this.#text.parse(value.text, value.expire)
    return found && { record: found.record, text: found.text, revision: value.revision }
  }

  /** Adds the entry once more behind the record: a logout of the same key may have taken the first one. */
  async set(key: string, record: SessionRecord, maxAge: number, context?: ConditionalContext): Promise<void> {
    const { value, life, owner } = this.#prepare(record, maxAge, context)
    if (owner !== undefined) await this.#index.add(owner, key, life)
    const before = ownerIn(await SET.run(this.#write, this.#prefix + key, value, px(life)))
    if (owner !== undefined) await this.#index.add(owner, key, life)
    if (before !== undefined && before !== owner) await this.#index.removeOf(before, key)
  }

  async create(
    key: string,
    record: SessionRecord,
    maxAge: number,
    context?: ConditionalContext,
  ): Promise<{ revision: unknown } | undefined> {
    const { value, life, owner, revision, mark } = this.#prepare(record, maxAge, context)
    const create = (): Promise<unknown> => CREATE.run(this.#write, this.#prefix + key, value, px(life), revision)
    const done = await this.#indexed(owner, key, life, create)
    return Number(done) === 1 ? { revision: revision + mark } : undefined
  }

  async replace(
    key: string,
    record: SessionRecord,
    maxAge: number,
    revision: unknown,
    context?: ConditionalContext,
  ): Promise<WriteOutcome> {
    const { value, life, owner, revision: next, mark, expire } = this.#prepare(record, maxAge, context)
    const [base, baseMark] = partsOf(revision)
    const args = [value, px(life), next, base, ...(context?.keepsLife ? [expire] : [])]
    const write = (): Promise<unknown> => REPLACE.run(this.#write, this.#prefix + key, ...args)
    const before = ownerIn(baseMark)
    if (before === owner) return outcomeOf(await this.#extended(owner, key, life, write), next + mark)
    // Seen before the write: an entry that a later sign-in adds is another one, and stays.
    const leaving = before === undefined ? undefined : await this.#index.find(before, key)
    const outcome = outcomeOf(await this.#indexed(owner, key, life, write), next + mark)
    if (leaving && outcome.outcome === 'written') await this.#index.remove(before as string, leaving)
    return outcome
  }

  async touch(
    key: string,
    expire: number | undefined,
    maxAge: number,
    context?: ConditionalContext,
  ): Promise<WriteOutcome> {
    const life = checkLife(maxAge)
    const revision = context?.revision
    const owner = context?.owner === undefined ? undefined : checkOwner(context.owner)
    const args = [textOf(expire), String(life), revision === undefined ? '' : partsOf(revision)[0]]
    const touch = (): Promise<unknown> => TOUCH.run(this.#write, this.#prefix + key, ...args)
    return outcomeOf(await this.#extended(owner, key, life, touch), revision)
  }

  async destroy(key: string, { at }: { ctx?: Context; at?: ReadAt } = {}): Promise<boolean> {
    if (typeof key !== 'string') return false // a container calls it so when it forgets the store
    const destroyed = at
      ? await DESTROY_AT.run(this.#write, this.#prefix + key, partsOf(at.revision)[0], textOf(at.expire))
      : await DESTROY.run(this.#write, this.#prefix + key)
    if (typeof destroyed !== 'string') return false
    const owner = ownerIn(destroyed)
    if (owner !== undefined) await this.#index.removeOf(owner, key)
    return true
  }

  listByOwner(owner: string): Promise<OwnedRecord[]> {
    return this.#owned.list(checkOwner(owner))
  }

  destroyByOwner(owner: string, choice?: OwnedChoice): Promise<number> {
    return this.#owned.destroy(checkOwner(owner), choice)
  }

  readMark(owner: string): Promise<OwnerMark> {
    return this.#marks.read(checkOwner(owner))
  }

  setMark(owner: string): Promise<void> {
    return this.#marks.set(checkOwner(owner))
  }

  /** For a record that gets an owner: one without an entry would be missed by those who end an owner's sessions. */
  async #indexed(
    owner: string | undefined,
    key: string,
    life: number,
    write: () => Promise<unknown>,
  ): Promise<unknown> {
    if (owner === undefined) return write()
    const began = monotonic()
    await this.#index.add(owner, key, life)
    const done = await write()
    if (monotonic() - began > GRACE_MS / 2) await this.#index.add(owner, key, life)
    return done
  }

  /** For a record that has its owner, and so its entry: one round trip. */
  async #extended(
    owner: string | undefined,
    key: string,
    life: number,
    write: () => Promise<unknown>,
  ): Promise<unknown> {
    if (owner === undefined) return write()
    const [entry, done] = await Promise.all([this.#index.add(owner, key, life), write()])
    if (Number(done) === -1) await this.#index.remove(owner, entry)
    return done
  }

  /** Checks everything before anything is written. */
  #prepare(record: SessionRecord, maxAge: number, context: ConditionalContext | undefined) {
    const life = checkLife(maxAge)
    const owner = context?.owner === undefined ? undefined : checkOwner(context.owner)
    const revision = randomUUID().slice(0, REVISION_LENGTH)
    const [expire, mark] = [textOf(record._expire), markOf(owner)]
    const value = writeValue(revision, expire, mark, this.#text.stringify(record, context))
    return { life, owner, revision, expire, mark, value }
  }
}

/** A record without a life is written, and forgotten at once. */
function px(life: number): string {
  return String(Math.max(life, 1))
}

keepName(RedisStore, 'RedisStore')
