import { randomUUID } from 'node:crypto'
import type {
  ConditionalStore,
  OwnedRecord,
  OwnerIndexedStore,
  StoreRequest,
  TouchableStore,
  Versioned,
  WriteOutcome,
} from '../../contracts/store'
import type { SessionRecord } from '../../record'
import { RecordText, type RecordTextOptions } from '../../record-text'
import {
  confirmedSenderOf,
  RedisScript,
  senderOf,
  type RedisClient,
  type ReplicasToWaitFor,
  type Send,
} from './redis-client'

export type { RedisClient } from './redis-client'

/** What a {@link RedisStore} takes beside its client. */
export interface RedisStoreOptions extends RecordTextOptions {
  /** What every key in Redis begins with. Default: `session:`. */
  prefix?: string
  /**
   * How many replicas have to have a write before it counts, and for how many milliseconds it waits for them: past that
   * it fails with `ERR_SESSION_STORE`. Without it, what was written last is lost where a master fails before it has
   * passed it on. Commands behind a write on the same connection wait too: give the store a client of its own.
   */
  waitForReplicas?: ReplicasToWaitFor
}

/**
 * A record is a hash: `text`, `revision`, `expire` (the record's `_expire`, which a touch moves) and `owner`. Every script
 * is about a single key, so that a cluster can run it.
 */
const WRITE = `redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'text', ARGV[1], 'revision', ARGV[2], 'expire', ARGV[3], 'owner', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])`

const SET = new RedisScript(`${WRITE}
return 1`)

/** A client that lost its connection may send a command again: what is at the new revision already was written by it. */
const CREATE = new RedisScript(`local revision = redis.call('HGET', KEYS[1], 'revision')
if revision == ARGV[2] then return 1 end
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
${WRITE}
return 1`)

const REPLACE = new RedisScript(`local revision = redis.call('HGET', KEYS[1], 'revision')
if not revision then return -1 end
if revision == ARGV[2] then return 1 end
if revision ~= ARGV[6] then return 0 end
${WRITE}
return 1`)

const TOUCH = new RedisScript(`if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local expire = tonumber(redis.call('HGET', KEYS[1], 'expire'))
if expire and expire < (tonumber(ARGV[1]) or 0) then redis.call('HSET', KEYS[1], 'expire', ARGV[1]) end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1`)

/** An owner's index is a sorted set of the record's keys, by the time when they may be forgotten. */
const INDEX = new RedisScript(`redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[1], last[2])
return 1`)

/**
 * Keeps sessions in Redis, Valkey, or a cluster of either, through a ready client of ioredis or of `redis`.
 *
 * It makes every promise that a store can make: conditional writes, touch, an index by owner. An entry of the index that
 * no longer leads to a record of that owner is removed when it is met.
 *
 * @example
 * import { Redis } from 'ioredis'
 * app.use(session({ store: new RedisStore(new Redis()) }, app))
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS` for something that is no client
 */
export class RedisStore implements ConditionalStore, TouchableStore, OwnerIndexedStore {
  readonly #send: Send
  /** For what writes; what reads needs no confirmation. */
  readonly #write: Send
  readonly #prefix: string
  readonly #text: RecordText

  constructor(client: RedisClient, { prefix = 'session:', waitForReplicas, ...text }: RedisStoreOptions = {}) {
    this.#send = senderOf(client)
    this.#write = waitForReplicas ? confirmedSenderOf(client, waitForReplicas) : this.#send
    this.#prefix = prefix
    this.#text = new RecordText(text)
  }

  get serializer(): RecordText['serializer'] {
    return this.#text.serializer
  }

  async get(key: string): Promise<SessionRecord | undefined> {
    return (await this.read(key))?.record
  }

  async read(key: string): Promise<Versioned | undefined> {
    const fields = await this.#send('HMGET', this.#keyOf(key), 'text', 'revision', 'expire')
    const [text, revision, expire] = fields as (string | null)[]
    if (typeof text !== 'string') return undefined
    const found = this.#text.parse(text, expire ? Number(expire) : undefined)
    return found && { ...found, revision }
  }

  async set(key: string, record: SessionRecord, maxAge: number, request?: StoreRequest): Promise<void> {
    await this.#index(key, maxAge, request)
    await SET.run(this.#write, this.#keyOf(key), ...this.#fields(record, randomUUID(), maxAge, request))
  }

  async create(
    key: string,
    record: SessionRecord,
    maxAge: number,
    request?: StoreRequest,
  ): Promise<{ revision: unknown } | undefined> {
    const revision = randomUUID()
    await this.#index(key, maxAge, request)
    const done = await CREATE.run(this.#write, this.#keyOf(key), ...this.#fields(record, revision, maxAge, request))
    return done === 1 ? { revision } : undefined
  }

  async replace(
    key: string,
    record: SessionRecord,
    maxAge: number,
    revision: unknown,
    request?: StoreRequest,
  ): Promise<WriteOutcome> {
    const next = randomUUID()
    await this.#index(key, maxAge, request)
    const fields = this.#fields(record, next, maxAge, request)
    const done = await REPLACE.run(this.#write, this.#keyOf(key), ...fields, String(revision))
    if (done === 1) return { outcome: 'written', revision: next }
    return { outcome: done === 0 ? 'conflict' : 'missing' }
  }

  async touch(key: string, expire: number | undefined, maxAge: number, request?: StoreRequest): Promise<boolean> {
    await this.#index(key, maxAge, request)
    const args = [expire === undefined ? '' : String(expire), milliseconds(maxAge)]
    return (await TOUCH.run(this.#write, this.#keyOf(key), ...args)) === 1
  }

  async destroy(key: string): Promise<boolean> {
    return (await this.#write('DEL', this.#keyOf(key))) === 1
  }

  async listByOwner(owner: string): Promise<OwnedRecord[]> {
    const keys = (await this.#send('ZRANGE', this.#indexOf(owner), '0', '-1')) as string[]
    const records = await Promise.all(keys.map(async (key) => this.#owned(key, owner)))
    return records.filter((found) => found !== undefined)
  }

  async destroyByOwner(owner: string, { except }: { except?: string } = {}): Promise<number> {
    const records = await this.listByOwner(owner)
    const others = records.filter(({ key }) => key !== except)
    const destroyed = await Promise.all(others.map(async ({ key }) => this.#destroyOwned(key, owner)))
    return destroyed.filter(Boolean).length
  }

  async #owned(key: string, owner: string): Promise<OwnedRecord | undefined> {
    const fields = await this.#send('HMGET', this.#keyOf(key), 'text', 'expire', 'owner')
    const [text, expire, actualOwner] = fields as (string | null)[]
    if (typeof text !== 'string' || actualOwner !== owner) {
      await this.#send('ZREM', this.#indexOf(owner), key)
      return undefined
    }
    const found = this.#text.parse(text, expire ? Number(expire) : undefined)
    return found && { key, record: found.record }
  }

  async #destroyOwned(key: string, owner: string): Promise<boolean> {
    const existed = await this.destroy(key)
    await this.#send('ZREM', this.#indexOf(owner), key)
    return existed
  }

  /** Comes before the record is written: an entry without a record is harmless, a record without an entry is not. */
  async #index(key: string, maxAge: number, request: StoreRequest | undefined): Promise<void> {
    if (request?.owner === undefined) return
    const now = Date.now()
    await INDEX.run(this.#write, this.#indexOf(request.owner), key, String(now), String(now + Math.ceil(maxAge)))
  }

  #fields(record: SessionRecord, revision: string, maxAge: number, request: StoreRequest | undefined): string[] {
    const expire = record._expire === undefined ? '' : String(record._expire)
    return [this.#text.stringify(record, request), revision, expire, request?.owner ?? '', milliseconds(maxAge)]
  }

  #keyOf(key: string): string {
    return this.#prefix + key
  }

  #indexOf(owner: string): string {
    return `${this.#prefix}owner:${owner}`
  }
}

function milliseconds(duration: number): string {
  return String(Math.ceil(duration))
}
