import type { OwnerMark } from '../../contracts/store'
import { MARK_LIFE_MS, MARK_STEP_MS } from '../owner-marks'
import type { Send } from './redis-client'
import { RedisScript } from './redis-script'

/** The server's time in milliseconds; the fraction is in it, since a sign-in and a mark may be that near each other. */
const NOW = `local time = redis.call('TIME')
local now = string.format('%.3f', time[1] * 1000 + time[2] / 1000)`

/**
 * Returns the time, the mark or an empty text, and which server has answered: the nodes of a cluster, and a replica that has
 * become the master, have clocks of their own. Who may not ask for that is told nothing.
 */
const READ = new RedisScript(`${NOW}
local server = redis.pcall('INFO', 'server')
local run = type(server) == 'string' and string.match(server, 'run_id:(%w+)') or ''
return { now, redis.call('GET', KEYS[1]) or '', run }`)

/** A mark is always later than the one before. */
const SET = new RedisScript(`${NOW}
local before = redis.call('GET', KEYS[1])
if before and before + ARGV[2] > tonumber(now) then now = string.format('%.3f', before + ARGV[2]) end
redis.call('SET', KEYS[1], now, 'PX', ARGV[1])
return 1`)

/** The marks of owners, each under a key of its own that the server forgets by itself. */
export class RedisOwnerMarks {
  readonly #send: Send
  readonly #write: Send
  readonly #prefix: string

  constructor(send: Send, write: Send, prefix: string) {
    this.#send = send
    this.#write = write
    this.#prefix = prefix
  }

  async read(owner: string): Promise<OwnerMark> {
    const [now, notBefore, clock] = (await READ.run(this.#send, this.#prefix + owner)) as string[]
    return { now: Number(now), notBefore: notBefore === '' ? undefined : Number(notBefore), clock }
  }

  async set(owner: string): Promise<void> {
    await SET.run(this.#write, this.#prefix + owner, String(MARK_LIFE_MS), String(MARK_STEP_MS))
  }
}
