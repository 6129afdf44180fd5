export { RedisStore, type RedisClient, type RedisStoreOptions } from './stores/redis/redis-store'
