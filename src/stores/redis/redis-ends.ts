import type { EndPoint, EndsAnswer, EndSet, EndStore, KeyEnd, SetEndOptions } from '../../contracts/end-store'
import { LOG_LIFE_MS, MAX_NEWS, POSITIONS_PER_MS } from '../../ends/setting'
import type { Send } from './redis-client'
import { RedisScript } from './redis-script'

/**
 * Three kinds of keys, all in one slot, found from the first: `state` has "born last key"; `k:` and a key have "position at
 * except later", "-" for none; `log` is a sorted set of "position:key". A store that is new begins with its clock.
 */
const BEGIN = `
local base = string.sub(KEYS[1], 1, -6)
local function whole(number) return string.format('%.0f', number) end
local time = redis.call('TIME')
local clock = time[1] * 1000000 + time[2]
local now = string.format('%.3f', clock / 1000)
local born, last, lastKey
local state = redis.call('GET', KEYS[1])
if state then born, last, lastKey = string.match(state, '^(%d+) (%d+) (%S*)$') end
if not born then
  born, last, lastKey = whole(clock), whole(clock), ''
  redis.call('SET', KEYS[1], born .. ' ' .. last .. ' ')
  redis.call('DEL', base .. 'log')
  redis.call('ZADD', base .. 'log', last, last .. ':')
end
`

/** Arguments: the position and the key of the last end that is known, or two empty ones; how many news at most; the keys. */
const READ = new RedisScript(`${BEGIN}
local found = {}
for index = 4, #ARGV do found[#found + 1] = redis.call('GET', base .. 'k:' .. ARGV[index]) or '' end
local continues, isWhole, news = '', '', {}
if ARGV[1] ~= '' then
  local first = redis.call('ZRANGE', base .. 'log', 0, 0, 'WITHSCORES')
  if first[2] and tonumber(first[2]) <= tonumber(ARGV[1]) then
    continues = redis.call('ZSCORE', base .. 'log', ARGV[1] .. ':' .. ARGV[2]) and '1' or '0'
  end
  local places = redis.call('ZRANGEBYSCORE', base .. 'log', '(' .. ARGV[1], '+inf', 'LIMIT', 0, ARGV[3] + 1)
  if #places <= tonumber(ARGV[3]) then
    isWhole = '1'
    for _, place in ipairs(places) do
      local key = string.match(place, ':(.*)$')
      news[#news + 1] = key
      news[#news + 1] = redis.call('GET', base .. 'k:' .. key) or ''
    end
  end
end
return { born, last, lastKey, now, continues, isWhole, found, news }`)

/**
 * Arguments: the key; its life in milliseconds, or an empty text; the id to spare and its \`since\`, or empty ones; "1" for
 * later ones too; how long the log reaches back. It writes before it frees: where there is no memory left, nothing is done.
 */
const SET = new RedisScript(`${BEGIN}
local name = base .. 'k:' .. ARGV[1]
local was = redis.call('GET', name)
local wasLater = '0'
if was then
  local position, except, later = string.match(was, '^(%d+) %S+ (%S+) (%d)$')
  if ARGV[3] ~= '' and tonumber(position) > tonumber(ARGV[4]) and except ~= ARGV[3] then return { '' } end
  wasLater = later
end
local position = math.max(tonumber(last) + 1, clock)
local later = (ARGV[5] == '1' or wasLater == '1') and '1' or '0'
local except = ARGV[3] ~= '' and ARGV[3] or '-'
local value = whole(position) .. ' ' .. now .. ' ' .. except .. ' ' .. later
local left = was and redis.call('PTTL', name) or 0
if ARGV[2] == '' or left == -1 then redis.call('SET', name, value)
else redis.call('SET', name, value, 'PX', whole(math.max(left, tonumber(ARGV[2])))) end
redis.call('SET', KEYS[1], born .. ' ' .. whole(position) .. ' ' .. ARGV[1])
redis.call('ZADD', base .. 'log', whole(position), whole(position) .. ':' .. ARGV[1])
redis.call('ZREMRANGEBYSCORE', base .. 'log', '-inf', '(' .. whole(clock - ARGV[6]))
return { value, last, was or '' }`)

/** The ends of keys in Redis. */
export class RedisEnds implements EndStore {
  readonly #send: Send
  readonly #write: Send
  readonly #state: string

  constructor(send: Send, write: Send, prefix: string) {
    this.#send = send
    this.#write = write
    this.#state = `${prefix}{ends}:state`
  }

  async readEnds(keys: readonly string[], { after }: { after?: EndPoint } = {}): Promise<EndsAnswer> {
    const known = after ? [String(after.position), after.key] : ['', '']
    const answer = await READ.run(this.#send, this.#state, ...known, String(MAX_NEWS), ...keys)
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
    const [value, before, was] = (await SET.run(this.#write, this.#state, ...args, logLife)) as string[]
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
