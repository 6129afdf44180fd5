import { monotonic } from '../../base/monotonic'
import { RecentMap } from '../../base/recent-map'
import type { Send } from './redis-client'
import { RedisScript } from './redis-script'

/** The key of a record of an owner, and until when its entry is kept. */
export interface IndexEntry {
  key: string
  score: string
}

/** How long an entry may wait for its record, in milliseconds: it is written first. */
export const GRACE_MS = 60_000
/** How many entries without a record this process remembers. */
const MAX_LOST = 10_000

/**
 * Each addition makes the score larger, by one at least: so a removal can tell that it was added anew.
 * The times are the server's: clocks of processes differ.
 */
const ADD = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local before = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0)
local score = string.format('%.0f', math.max(before + 1, now + ARGV[2]))
redis.call('ZADD', KEYS[1], score, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[1], last[2])
return score`

const REMOVE = new RedisScript(`if redis.call('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('ZREM', KEYS[1], ARGV[1])`)

/** By a script, since clients of RESP2 and RESP3 get scores in different shapes. */
const LIST = new RedisScript(`return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')`)
const SCORE = new RedisScript(`return redis.call('ZSCORE', KEYS[1], ARGV[1])`)

/**
 * The keys of each owner's records: a sorted set, by the time until which an entry is kept at least.
 *
 * An entry is never lost while its record lives. It is written before its record, and kept for twice its life: a record that
 * is extended has an entry that lasts, also where the extension of the entry is late or fails. It is removed only as it was
 * seen, and where no write that is under way can need it.
 */
export class OwnerIndex {
  readonly #send: Send
  readonly #write: Send
  readonly #prefix: string
  /** Entries without a record of their owner, and when they were first seen like this. */
  readonly #lost = new RecentMap<number>(MAX_LOST)

  constructor(send: Send, write: Send, prefix: string) {
    this.#send = send
    this.#write = write
    this.#prefix = prefix
  }

  /** Returns the entry as it is now. Sent whole: a script that has to be sent again would come after its record. */
  async add(owner: string, key: string, life: number): Promise<IndexEntry> {
    const kept = String(2 * Math.max(life, 0) + GRACE_MS)
    return { key, score: scoreOf(await this.#write('EVAL', this.#prefix + owner, ADD, key, kept)) }
  }

  async list(owner: string): Promise<IndexEntry[]> {
    const found = (await LIST.run(this.#send, this.#prefix + owner)) as string[]
    const entries: IndexEntry[] = []
    for (let at = 0; at < found.length; at += 2) entries.push({ key: found[at], score: scoreOf(found[at + 1]) })
    return entries
  }

  async find(owner: string, key: string): Promise<IndexEntry | undefined> {
    const score = await SCORE.run(this.#send, this.#prefix + owner, key)
    return score === null || score === undefined ? undefined : { key, score: scoreOf(score) }
  }

  /** Removes the entry, unless it was added anew since it was seen. */
  async remove(owner: string, { key, score }: IndexEntry): Promise<void> {
    await REMOVE.run(this.#write, this.#prefix + owner, key, score)
  }

  /** Removes the entry of a record that is gone, unless it is added anew meanwhile. */
  async removeOf(owner: string, key: string): Promise<void> {
    const entry = await this.find(owner, key)
    if (entry) await this.remove(owner, entry)
  }

  /**
   * Told of an entry that has no record of this owner. The record may be on its way, so the entry is removed only when it is
   * found like this again, much later.
   */
  async removeLost(owner: string, entry: IndexEntry): Promise<void> {
    const seen = JSON.stringify([owner, entry.key, entry.score])
    const first = this.#lost.get(seen)
    if (first === undefined) return void this.#lost.set(seen, monotonic())
    if (monotonic() - first < GRACE_MS) return
    await this.remove(owner, entry)
    this.#lost.delete(seen)
  }
}

/** A client may make a number of it. */
function scoreOf(answer: unknown): string {
  return typeof answer === 'number' ? String(answer) : (answer as string)
}
