import { randomUUID } from 'node:crypto'
import { Cluster } from 'ioredis'
import Koa from 'koa'
import { SessionService } from 'koa-session-service'
import { RedisBus, RedisStore } from 'koa-session-service/redis'

// Sessions in a Redis Cluster, or Valkey: REDIS_NODES=10.0.0.1:6379,10.0.0.2:6379,10.0.0.3:6379

const nodes = process.env.REDIS_NODES?.split(',') ?? ['127.0.0.1:6379']

function connect(): Cluster {
  const client = new Cluster(nodes.map((node) => ({ host: node.split(':')[0], port: Number(node.split(':')[1]) })))
  client.on('error', (error) => console.error(error.message))
  return client
}

interface Visitor {
  user?: string
  views?: number
}

export function createApp({ replicas = 1 } = {}): { app: Koa; close: () => Promise<void> } {
  const client = connect()
  const store = new RedisStore(client, {
    // A write counts when a replica has it: what was acknowledged survives the end of a master.
    waitForReplicas: replicas > 0 ? { count: replicas, timeout: 500 } : undefined,
  })
  // One more connection, that listens. It tells the other processes when a session has ended.
  const bus = new RedisBus(client)
  const app = new Koa()
  app.keys = process.env.SESSION_KEYS?.split(',') ?? [randomUUID()]
  const sessions = new SessionService<Visitor>(app, { store, bus, sameSite: 'lax', owner: ({ user }) => user })
  app.use(sessions.middleware())
  app.use(async function countViews(ctx) {
    if (ctx.path === '/sign-in') await sessions.update((data) => (data.user = 'ada'), ctx)
    if (ctx.path === '/sign-out-everywhere') await sessions.revokeAll(ctx)
    else await sessions.update((data) => (data.views = (data.views ?? 0) + 1), ctx)
    ctx.body = await sessions.load(ctx)
  })
  return { app, close: async () => void client.disconnect() }
}

if (require.main === module) createApp().app.listen(3000, '127.0.0.1')
