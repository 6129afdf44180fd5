import type { OwnerMark } from '../../contracts/store'
import { MARK_LIFE_MS } from '../owner-marks'
import type { Send } from './redis-client'
import { RedisScript } from './redis-script'

/** The server's time in milliseconds; the fraction is in it, since a sign-in and a mark may be that near each other. */
const NOW = `local time = redis.call('TIME')
local now = string.format('%.3f', time[1] * 1000 + time[2] / 1000)`

/** Returns the time, and the mark or an empty text. */
const READ = new RedisScript(`${NOW}
return { now, redis.call('GET', KEYS[1]) or '' }`)

const SET = new RedisScript(`${NOW}
if tonumber(redis.call('GET', KEYS[1]) or 0) < tonumber(now) then redis.call('SET', KEYS[1], now, 'PX', ARGV[1]) end
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
    const [now, notBefore] = (await READ.run(this.#send, this.#prefix + owner)) as [string, string]
    return { now: Number(now), notBefore: notBefore === '' ? undefined : Number(notBefore) }
  }

  async set(owner: string): Promise<void> {
    await SET.run(this.#write, this.#prefix + owner, String(MARK_LIFE_MS))
  }
}
