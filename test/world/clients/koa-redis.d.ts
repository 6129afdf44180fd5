declare module 'koa-redis' {
  import type { Store } from 'koa-session-service'

  interface RedisStore extends Store {
    client: {
      keys(pattern: string): Promise<string[]>
      pttl(key: string): Promise<number>
      set(key: string, text: string): Promise<unknown>
      flushall(): Promise<unknown>
    }
    quit(): Promise<unknown>
  }

  export default function redisStore(options: { host: string; port: number }): RedisStore
}
