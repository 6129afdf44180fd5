import { hasMethods } from './rules'

/** A client of ioredis, iovalkey or redis. That of redis has get, set and destroy, which are no store's. */
export const isRedisClient = hasMethods('sendCommand', 'duplicate')

/** What to pass in the place of what is no store; an empty text where nobody knows. */
export function cureOfStore(value: unknown): string {
  if (isRedisClient(value)) return ' Pass new RedisStore(client), from koa-session-service/redis.'
  return value instanceof Map ? ' Pass new MemoryStore().' : ''
}
