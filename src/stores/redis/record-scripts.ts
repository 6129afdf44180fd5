import { RedisScript } from './redis-script'

/**
 * A record is a hash: `text`, `revision`, `expire` (the record's `_expire`, which a touch moves) and `owner`.
 *
 * Each script is about a single key, so that a cluster can run it. Each writes before it frees memory: once a script has
 * freed some, `maxmemory` no longer stops its later writes.
 */
const WRITE = `redis.call('HSET', KEYS[1], 'text', ARGV[1], 'revision', ARGV[2], 'expire', ARGV[3], 'owner', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])`

/** Returns whose the record was before. */
export const SET = new RedisScript(`local before = redis.call('HGET', KEYS[1], 'owner')
${WRITE}
return before or ''`)

/** A client that lost its connection may send a command again: what is at the new revision already was written by it. */
export const CREATE = new RedisScript(`local revision = redis.call('HGET', KEYS[1], 'revision')
if revision == ARGV[2] then return 1 end
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
${WRITE}
return 1`)

export const REPLACE = new RedisScript(`local revision = redis.call('HGET', KEYS[1], 'revision')
if not revision then return -1 end
if revision == ARGV[2] then return 1 end
if revision ~= ARGV[6] then return 0 end
if ARGV[7] == '1' then
  local expire = redis.call('HGET', KEYS[1], 'expire')
  if (tonumber(expire) or 0) > (tonumber(ARGV[3]) or 0) then ARGV[3] = expire end
  ARGV[5] = string.format('%.0f', math.max(redis.call('PTTL', KEYS[1]), tonumber(ARGV[5])))
end
${WRITE}
return 1`)

export const TOUCH = new RedisScript(`local found = redis.call('HMGET', KEYS[1], 'revision', 'expire')
if not found[1] then return -1 end
if ARGV[3] ~= '' and found[1] ~= ARGV[3] then return 0 end
local expire = tonumber(found[2])
if expire and expire < (tonumber(ARGV[1]) or 0) then redis.call('HSET', KEYS[1], 'expire', ARGV[1]) end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1`)

/** Returns whose the record was, or nothing where it did not remove any. */
export const DESTROY = new RedisScript(`local owner = redis.call('HGET', KEYS[1], 'owner')
if redis.call('DEL', KEYS[1]) == 0 then return false end
return owner or ''`)

export const DESTROY_AT = new RedisScript(`local found = redis.call('HMGET', KEYS[1], 'revision', 'expire', 'owner')
if found[1] ~= ARGV[1] or found[2] ~= ARGV[2] then return false end
redis.call('DEL', KEYS[1])
return found[3] or ''`)

/** Removes a record only where it is still this owner's, and at the revision that is given, if one is; returns its `expire`. */
export const DESTROY_OWNED = new RedisScript(`local found = redis.call('HMGET', KEYS[1], 'owner', 'expire', 'revision')
if found[1] ~= ARGV[1] or (ARGV[2] and found[3] ~= ARGV[2]) then return false end
redis.call('DEL', KEYS[1])
return found[2] or ''`)
