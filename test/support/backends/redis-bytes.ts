import { RedisStore as ConnectRedis } from 'connect-redis'
import expressSession from 'express-session'
import Koa from 'koa'
import inject from 'light-my-request'
import session, { type SessionOptions } from 'koa-session-service'
import { RedisStore } from 'koa-session-service/redis'
import { createClient } from 'redis'

const ONE_DAY = 86_400_000

const owner = (data: object): string | undefined => (data as { user?: string }).user

/** How our sessions are kept, from the least that is known of them to the most. */
const KINDS: Record<string, SessionOptions> = {
  plain: {},
  'with an owner': { owner },
  'with a device': {
    owner,
    device: () => ({ name: 'Firefox on Linux', ip: '203.0.113.7' }),
  },
}

/** What a session takes in the memory of a Redis, by kind, and as a share of what it takes with connect-redis. */
export interface RedisBytes {
  kind: string
  bytes: number
  share: number
}

/**
 * Signs one visitor in, through express-session and connect-redis and through each kind of ours, and adds up what the server says
 * that all its keys take.
 */
export async function measureRedisBytes(port: number, data: Record<string, unknown>): Promise<RedisBytes[]> {
  const client = await createClient({ url: `redis://127.0.0.1:${port}` }).connect()
  const bytesAfter = async (work: () => Promise<unknown>): Promise<number> => {
    await client.flushAll()
    await work()
    const keys = await client.keys('*')
    const each = await Promise.all(keys.map(async (key) => client.memoryUsage(key, { SAMPLES: 0 })))
    return each.reduce<number>((sum, bytes) => sum + Number(bytes), 0)
  }
  try {
    const rival = await bytesAfter(async () => visitExpress(new ConnectRedis({ client }), data))
    const found: RedisBytes[] = [{ kind: 'connect-redis', bytes: rival, share: 1 }]
    for (const [kind, options] of Object.entries(KINDS)) {
      const bytes = await bytesAfter(async () => visitOurs({ store: new RedisStore(client), ...options }, data))
      found.push({ kind, bytes, share: bytes / rival })
    }
    return found
  } finally {
    client.destroy()
  }
}

async function visitExpress(store: expressSession.Store, data: Record<string, unknown>): Promise<void> {
  const cookie = { maxAge: ONE_DAY }
  const middleware = expressSession({ store, secret: 'a secret', resave: false, saveUninitialized: false, cookie })
  await inject(
    (req, res) => {
      const next = (): unknown => (Object.assign((req as unknown as { session: object }).session, data), res.end())
      void middleware(req as never, res as never, next)
    },
    { method: 'GET', url: '/' },
  )
}

async function visitOurs(options: SessionOptions, data: Record<string, unknown>): Promise<void> {
  const app = new Koa()
  app.keys = ['a secret']
  app.use(session({ maxAge: ONE_DAY, ...options }, app))
  app.use((ctx) => {
    Object.assign(ctx.session, data)
    ctx.body = ''
  })
  const handle = app.callback()
  await inject((req, res) => void handle(req, res), { method: 'GET', url: '/' })
}
