import { RedisScript } from './redis-script'

/**
 * A record is one text: see `redis-value.ts`. What version 0.1 wrote is a hash with the fields `text`, `revision` (36
 * characters and the owner), `expire` and `owner`; it is read, touched and removed as it is, and a write makes it a text.
 *
 * Each script is about a single key, so that a cluster can run it. Each writes before it frees memory: once a script has
 * freed some, `maxmemory` no longer stops its later writes.
 *
 * They begin with what is there: \`revision\`, \`expire\`, and \`mark\`, whose it is; all of it is nil where there is nothing.
 */
const FOUND = `local revision, expire, mark, isHash
local head = redis.pcall('GETRANGE', KEYS[1], 0, 2047)
if type(head) == 'table' then
  if string.sub(head.err, 1, 9) ~= 'WRONGTYPE' then return head end
  local old = redis.call('HMGET', KEYS[1], 'revision', 'expire', 'owner')
  if not old[1] then return redis.error_reply('WRONGTYPE This hash holds no session') end
  isHash, revision, expire = true, string.sub(old[1], 1, 36), old[2] or ''
  mark = string.gsub(old[3] or '', '[%%\\n]', { ['%'] = '%25', ['\\n'] = '%0A' })
elseif head ~= '' then
  revision, expire, mark = string.match(head, '^([%w-]+) ([^=\\n]*)([^\\n]*)\\n')
  if not revision then return redis.error_reply('WRONGTYPE This text holds no session') end
end
`

/** Returns whose the record was before. */
export const SET = new RedisScript(`${FOUND}redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return mark or ''`)

/** A client that lost its connection may send a command again: what is at the new revision already was written by it. */
export const CREATE = new RedisScript(`${FOUND}if revision then return revision == ARGV[3] and 1 or 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`)

/** Where the record's life is kept, the later time takes the place of the one in the text that is written. */
export const REPLACE = new RedisScript(`${FOUND}if not revision then return -1 end
if revision == ARGV[3] then return 1 end
if revision ~= ARGV[4] then return 0 end
if ARGV[5] then
  if (tonumber(expire) or 0) > (tonumber(ARGV[5]) or 0) then
    ARGV[1] = ARGV[3] .. ' ' .. expire .. string.sub(ARGV[1], #ARGV[3] + 2 + #ARGV[5])
  end
  ARGV[2] = string.format('%.0f', math.max(redis.call('PTTL', KEYS[1]), tonumber(ARGV[2])))
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`)

/** A time of the same length is written over the one before: then the text is not written again, nor sent to replicas. */
export const TOUCH = new RedisScript(`${FOUND}if not revision then return -1 end
if ARGV[3] ~= '' and revision ~= ARGV[3] then return 0 end
local before = tonumber(expire)
if before and before < (tonumber(ARGV[1]) or 0) then
  if isHash then redis.call('HSET', KEYS[1], 'expire', ARGV[1])
  elseif #expire == #ARGV[1] then redis.call('SETRANGE', KEYS[1], #revision + 1, ARGV[1])
  else
    local rest = string.sub(redis.call('GET', KEYS[1]), #revision + 2 + #expire)
    redis.call('SET', KEYS[1], revision .. ' ' .. ARGV[1] .. rest, 'KEEPTTL')
  end
end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1`)

/** Returns whose the record was, or nothing where it did not remove any. */
export const DESTROY = new RedisScript(`${FOUND}if not revision then return false end
redis.call('DEL', KEYS[1])
return mark`)

export const DESTROY_AT = new RedisScript(`${FOUND}if revision ~= ARGV[1] or expire ~= ARGV[2] then return false end
redis.call('DEL', KEYS[1])
return mark`)

/** Removes a record only where it is still this owner's, and at the revision that is given, if one is; returns its `expire`. */
export const DESTROY_OWNED =
  new RedisScript(`${FOUND}if mark ~= ARGV[1] or (ARGV[2] and revision ~= ARGV[2]) then return false end
redis.call('DEL', KEYS[1])
return expire`)
