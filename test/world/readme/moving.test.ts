import { createHmac } from 'node:crypto'
import type { Server } from 'node:http'
import { Redis } from 'ioredis'
import Koa from 'koa'
import { Browser, closeServers, listen } from '../../promises/errors/server'
import { CookieJar } from '../../support/app/app'
import { hasRedis, startRedisNode } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import type { ServerProcess } from '../../support/backends/server-process'
import { codeBlocks, fileNameOf, readText } from './markdown'
import { closePrograms, run } from './run-block'

const files = new Map(codeBlocks(readText('docs/migration.md')).map((block) => [fileNameOf(block), block.code]))

/** A program of the page, with what it imports from beside it in the same file. */
function programOf(name: string): string {
  const [store, program] = [files.get('moving-store.ts'), files.get(name)] as string[]
  const own = program.replace("import { Redis } from 'ioredis'\n", '').replace(/import .* from '.\/moving-store'\n/, '')
  return store + own
}

describeWith('redis-server', hasRedis)('docs/migration.md, from other libraries', () => {
  let server: ServerProcess
  let redis: Redis
  const environment = { ...process.env }

  beforeAll(async () => {
    server = await startRedisNode()
    redis = new Redis(server.port, '127.0.0.1')
    Object.assign(process.env, {
      REDIS_URL: `redis://127.0.0.1:${server.port}`,
      SESSION_KEYS: 'a',
      SESSION_SECRET: 's',
    })
  }, 60_000)
  afterEach(closePrograms)
  afterEach(closeServers)
  afterAll(async () => {
    process.env = environment
    redis?.disconnect()
    await server?.stop()
  })

  /** A browser with these cookies comes twice at once, and once more. */
  async function visit(app: Server, cookies: Record<string, string>): Promise<string[]> {
    const jar = new CookieJar()
    for (const [name, value] of Object.entries(cookies)) jar.values.set(name, value)
    const browser = new Browser(app, jar)
    const both = await Promise.all([browser.get('/'), browser.get('/')])
    return [...both, await browser.get('/')].map(({ body }) => body)
  }

  test('a session of koa-generic-session with koa-redis goes on by the program of docs/migration.md', async () => {
    const generic = jest.requireActual<(options: object) => Koa.Middleware>('koa-generic-session')
    const old = new Koa()
    old.keys = ['a']
    const store = {
      get: async (key: string) => JSON.parse((await redis.get(key)) ?? 'null') as unknown,
      set: async (key: string, value: object, ttl: number) => redis.set(key, JSON.stringify(value), 'PX', ttl),
      destroy: async (key: string) => redis.del(key),
    }
    old.use(generic({ store }))
    old.use((ctx) => {
      ctx.session.user = 'ada'
      ctx.body = 'ok'
    })
    const before = await listen(old.callback())
    const browser = new Browser(before)
    await browser.get('/')
    const cookies = Object.fromEntries(browser.jar.values)
    expect(Object.keys(cookies)).toContain('koa.sid')

    const now = await run(programOf('from-generic.ts'))
    expect(await visit(now, cookies)).toEqual(Array(3).fill('{"user":"ada"}'))
    expect(await redis.keys('koa:sess:*')).toEqual([])
    expect(await visit(now, { ...cookies, 'koa.sid': 'forged' })).toEqual(Array(3).fill('{}'))
  })

  test('a session of express-session goes on by the program of docs/migration.md', async () => {
    const record = { cookie: { originalMaxAge: 60_000, httpOnly: true, path: '/' }, user: 'ada' }
    await redis.set('sess:an-id-of-express', JSON.stringify(record), 'PX', 60_000)
    const signature = createHmac('sha256', 's').update('an-id-of-express').digest('base64').replace(/=+$/, '')
    const cookie = encodeURIComponent(`s:an-id-of-express.${signature}`)

    const now = await run(programOf('from-express.ts'))
    expect(await visit(now, { 'connect.sid': cookie })).toEqual(Array(3).fill('{"user":"ada"}'))
    expect(await redis.pttl('session:r:an-id-of-express')).toBeLessThanOrEqual(70_000)
    expect(await visit(now, { 'connect.sid': encodeURIComponent('s:an-id-of-express.forged') })).toEqual(
      Array(3).fill('{}'),
    )
  })
})
