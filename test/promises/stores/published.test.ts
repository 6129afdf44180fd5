import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import connectPgSimple from 'connect-pg-simple'
import { RedisStore as ConnectRedis } from 'connect-redis'
import expressSession, { type Store as ExpressSessionStore } from 'express-session'
import { fromExpressStore } from 'koa-session-service'
import { describeSessionStore } from 'koa-session-service/testing'
import { Pool } from 'pg'
import { createClient } from 'redis'
import connectFiles from 'session-file-store'
import { hasPostgres, startPostgres } from '../../support/backends/databases'
import { hasRedis, startRedisNode } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import type { ServerProcess } from '../../support/backends/server-process'
import { createSessionApp } from '../../support/app/session-app'

/** What a store published for express-session is asked to do here, behind the adapter. */
function describePublished(name: string, getStore: () => ExpressSessionStore): void {
  describeSessionStore(`${name} through fromExpressStore`, () => ({ store: fromExpressStore(getStore()) }))

  it(`R7: ${name} keeps the sessions of a Koa app`, async () => {
    const { app, visitor } = createSessionApp({ store: fromExpressStore(getStore()) })
    const errors: unknown[] = []
    app.on('error', (error) => errors.push(error))
    const [ann, bob] = [visitor(), visitor()]
    await ann.get('/set?user=ann')
    await bob.get('/set?user=bob')
    const stolen = visitor(ann.jar.copy())
    expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
    await ann.get('/logout')
    expect((await stolen.get('/')).json()).toEqual({})
    expect((await bob.get('/')).json()).toEqual({ user: 'bob' })
    expect(errors).toEqual([])
  })
}

describeWith('Redis', hasRedis)('connect-redis', () => {
  let server: ServerProcess
  let client: ReturnType<typeof createClient>
  let store: ExpressSessionStore

  beforeAll(async () => {
    server = await startRedisNode()
    client = createClient({ url: `redis://127.0.0.1:${server.port}` })
    await client.connect()
    store = new ConnectRedis({ client })
  })
  afterAll(async () => {
    client.destroy()
    await server.stop()
  })

  describePublished('connect-redis', () => store)

  it('R33: a record in connect-redis that is not JSON is none, and can be written anew', async () => {
    await client.set('sess:torn', '{"cookie":')
    const { visitor } = createSessionApp({ store: fromExpressStore(store), signed: false })
    const ann = visitor()
    ann.jar.values.set('koa.sess', 'torn')
    expect((await ann.get('/')).json()).toEqual({})
    expect((await ann.get('/set?user=ann')).status).toBe(200)
    expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
  })
})

describeWith('PostgreSQL', hasPostgres)('connect-pg-simple', () => {
  let server: ServerProcess
  let pool: Pool
  let store: InstanceType<ReturnType<typeof connectPgSimple>>

  beforeAll(async () => {
    server = await startPostgres()
    pool = new Pool({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' })
    store = new (connectPgSimple(expressSession))({ pool, createTableIfMissing: true })
  })
  afterAll(async () => {
    store.close()
    await pool.end()
    await server.stop()
  })

  describePublished('connect-pg-simple', () => store)
})

describe('session-file-store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'session-files-'))
  // A file that is not there is looked for again and again, unless it is told not to.
  const FileStore = connectFiles(expressSession)
  const store = new FileStore({ path: folder, retries: 0, reapInterval: -1, logFn: () => undefined })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  describePublished('session-file-store', () => store)

  it('R33: a file of session-file-store that a crash left half-written is no session', async () => {
    writeFileSync(join(folder, 'torn.json'), '{"cookie":')
    const found = await fromExpressStore(store).get('torn', 1000, { rolling: false, ctx: {} as never })
    expect(found).toBeUndefined()
    expect(readdirSync(folder)).not.toContain('torn.json')
  })
})
