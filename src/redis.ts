export { RedisBus, type RedisBusOptions } from './stores/redis/redis-bus'
export { RedisStore, type RedisClient, type RedisStoreOptions } from './stores/redis/redis-store'
