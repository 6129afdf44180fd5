import type { EndPoint, EndsAnswer, EndSet, EndStore, KeyEnd, SetEndOptions } from '../../contracts/end-store'
import { LOG_LIFE_MS, MAX_NEWS, POSITIONS_PER_MS } from '../../ends/setting'
import type { Send } from './redis-client'
import { RedisScript } from './redis-script'

/**
 * All ends are in one hash, and what the store is with them: the field of no name has "born last key", that of a key "position at
 * except later due", "-" for whom it does not spare. So a server that evicts takes all of it or nothing, and that is found. For
 * the same reason nothing has a life of its own: `due` is a sorted set of keys by when they are forgotten. `log` is one of
 * "position:key". The three are in one slot. A store that is new begins with its clock.
 */
const BEGIN = `
local log, due = KEYS[1] .. ':log', KEYS[1] .. ':due'
local function whole(number) return string.format('%.0f', number) end
local time = redis.call('TIME')
local clock = time[1] * 1000000 + time[2]
local now = string.format('%.3f', clock / 1000)
local born, last, lastKey
local state = redis.call('HGET', KEYS[1], '')
if state then born, last, lastKey = string.match(state, '^(%d+) (%d+) (%S*)$') end
if not born then
  born, last, lastKey = whole(clock), whole(clock), ''
  redis.call('HSET', KEYS[1], '', born .. ' ' .. last .. ' ')
  redis.call('DEL', log, due)
  redis.call('ZADD', log, last, last .. ':')
end
local function find(key)
  local value = redis.call('HGET', KEYS[1], key)
  local past = value and tonumber(string.match(value, '%d+$'))
  return value and not (past and past <= clock / 1000) and value or ''
end
local function forget()
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, 10)) do
    redis.call('HDEL', KEYS[1], key)
    redis.call('ZREM', due, key)
  end
end
`

/** Arguments: the position and the key of the last end that is known, or two empty ones; how many news at most; the keys. */
const READ = new RedisScript(`${BEGIN}
local found = {}
for index = 4, #ARGV do found[#found + 1] = find(ARGV[index]) end
local continues, isWhole, news = '', '', {}
if ARGV[1] ~= '' then
  local first = redis.call('ZRANGE', log, 0, 0, 'WITHSCORES')
  if first[2] and tonumber(first[2]) <= tonumber(ARGV[1]) then
    continues = redis.call('ZSCORE', log, ARGV[1] .. ':' .. ARGV[2]) and '1' or '0'
  end
  local places = redis.call('ZRANGEBYSCORE', log, '(' .. ARGV[1], '+inf', 'LIMIT', 0, ARGV[3] + 1)
  if #places <= tonumber(ARGV[3]) then
    isWhole = '1'
    for _, place in ipairs(places) do
      local key = string.match(place, ':(.*)$')
      news[#news + 1] = key
      news[#news + 1] = find(key)
    end
  end
end
forget()
return { born, last, lastKey, now, continues, isWhole, found, news }`)

/**
 * Arguments: the key; its life in milliseconds, or an empty text; the id to spare and its \`since\`, or empty ones; "1" for
 * later ones too; how long the log reaches back. It writes before it frees: where there is no memory left, nothing is done.
 */
const SET = new RedisScript(`${BEGIN}
local was = find(ARGV[1])
local wasLater, wasDue = '0', '0'
if was ~= '' then
  local position, except, later, past = string.match(was, '^(%d+) %S+ (%S+) (%d) (%S+)$')
  if ARGV[3] ~= '' and tonumber(position) > tonumber(ARGV[4]) and except ~= ARGV[3] then return { '' } end
  wasLater, wasDue = later, past
end
local position = math.max(tonumber(last) + 1, clock)
local later = (ARGV[5] == '1' or wasLater == '1') and '1' or '0'
local except = ARGV[3] ~= '' and ARGV[3] or '-'
local past = '-'
if ARGV[2] ~= '' and wasDue ~= '-' then past = whole(math.max(tonumber(wasDue), math.ceil(clock / 1000 + ARGV[2]))) end
local value = whole(position) .. ' ' .. now .. ' ' .. except .. ' ' .. later .. ' ' .. past
redis.call('HSET', KEYS[1], ARGV[1], value, '', born .. ' ' .. whole(position) .. ' ' .. ARGV[1])
redis.call('ZADD', log, whole(position), whole(position) .. ':' .. ARGV[1])
if past == '-' then redis.call('ZREM', due, ARGV[1]) else redis.call('ZADD', due, past, ARGV[1]) end
redis.call('ZREMRANGEBYSCORE', log, '-inf', '(' .. whole(clock - ARGV[6]))
forget()
return { value, last, was }`)

/** The ends of keys in Redis. */
export class RedisEnds implements EndStore {
  readonly #send: Send
  readonly #write: Send
  readonly #name: string

  constructor(send: Send, write: Send, prefix: string) {
    this.#send = send
    this.#write = write
    this.#name = `${prefix}{ends}`
  }

  async readEnds(keys: readonly string[], { after }: { after?: EndPoint } = {}): Promise<EndsAnswer> {
    const known = after ? [String(after.position), after.key] : ['', '']
    const answer = await READ.run(this.#send, this.#name, ...known, String(MAX_NEWS), ...keys)
    const [born, last, key, now, continues, isWhole, found, news] = answer as [...string[], string[], string[]]
    return {
      born: Number(born),
      last: { position: Number(last), key: String(key) },
      now: Number(now),
      found: (found as string[]).map(endIn),
      ...(isWhole === '1' && { news: newsIn(news as string[]) }),
      ...(continues !== '' && { continues: continues === '1' }),
    }
  }

  async setEnd(key: string, { life, spare, later }: SetEndOptions): Promise<EndSet | undefined> {
    const spared = spare ? [spare.id, String(spare.since)] : ['', '']
    const args = [key, life === Infinity ? '' : String(Math.ceil(life)), ...spared, later ? '1' : '']
    const logLife = String(LOG_LIFE_MS * POSITIONS_PER_MS)
    const [value, before, was] = (await SET.run(this.#write, this.#name, ...args, logLife)) as string[]
    const end = endIn(value)
    return end && { end, before: Number(before), was: endIn(was) }
  }
}

function endIn(value: string): KeyEnd | undefined {
  if (value === '') return undefined
  const [position, at, except, later] = value.split(' ')
  return {
    position: Number(position),
    at: Number(at),
    ...(except !== '-' && { except }),
    ...(later === '1' && { later: true as const }),
  }
}

/** A key whose end is forgotten by now is no news. */
function newsIn(flat: readonly string[]): [key: string, end: KeyEnd][] {
  const news: [string, KeyEnd][] = []
  for (let index = 0; index < flat.length; index += 2) {
    const end = endIn(flat[index + 1])
    if (end) news.push([flat[index], end])
  }
  return news
}
