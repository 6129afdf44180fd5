import { inspect } from 'node:util'
import Redis from 'ioredis'
import { sql, type Kysely } from 'kysely'
import { SessionError, type Store } from 'koa-session-service'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import { RedisStore } from 'koa-session-service/redis'
import { createClient } from 'redis'
import {
  connectMariadb,
  connectPostgres,
  hasMariadb,
  hasPostgres,
  openSqlite,
  startMariadb,
  startPostgres,
  type TestDatabase,
} from '../../support/backends/databases'
import { hasRedis, startRedisNode } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import { useDatabase } from '../../support/backends/use-server'
import { createSessionApp } from '../../support/app/session-app'

const SECRET = 'kept-to-herself'
const ID = 'QzXv8-an-id-of-anns-that-opens-her-session'

/** Everything that an error has, and what its causes have: also what is not shown by default. */
function allOf(error: unknown): string {
  if (!(error instanceof Error)) return inspect(error, { depth: Infinity })
  const fields = Reflect.ownKeys(error).map((key) =>
    inspect(Reflect.get(error, key), { depth: Infinity, showHidden: true }),
  )
  return [inspect(error, { depth: Infinity, showHidden: true }), ...fields, allOf(error.cause)].join('\n')
}

/** Makes requests on a store that refuses them, and returns the errors that the application sees. */
async function failuresOf(store: Store, breakIt: () => Promise<unknown>): Promise<SessionError[]> {
  const ids = [ID, `${ID}-2`]
  const { app, visitor } = createSessionApp({ store, genid: () => ids.shift() ?? `${ID}-3` })
  const errors: SessionError[] = []
  app.on('error', (error: SessionError) => errors.push(error))
  const ann = visitor()
  await ann.get('/set?user=ann')
  await breakIt()
  expect((await ann.get(`/set?note=${SECRET}`)).status).toBe(503)
  expect((await visitor().get(`/set?note=${SECRET}`)).status).toBe(503)
  return errors
}

function expectSecrecy(errors: SessionError[]): void {
  expect(errors).toHaveLength(2)
  for (const error of errors) {
    expect(error).toMatchObject({
      code: 'ERR_SESSION_STORE',
      status: 503,
      cause: { message: expect.stringMatching(/\w/) },
    })
    for (const word of [SECRET, ID.slice(0, 8)]) expect(allOf(error)).not.toContain(word)
    expect((error.cause as Error).stack).toMatch(/\n {4}at /)
  }
}

/** Lets the database refuse every row with the secret in it, and tell why. */
const refuseRows = async (db: Kysely<any>): Promise<unknown> =>
  sql`alter table sessions add constraint quiet check (record not like ${sql.lit(`%${SECRET}%`)})`.execute(db)

describeWith('PostgreSQL', hasPostgres)('PostgreSQL', () => {
  let database: TestDatabase
  useDatabase(
    async () => connectPostgres(await startPostgres()),
    (ready) => (database = ready),
  )

  it("R41: no error of PostgreSQL's driver carries a row, an id or data", async () => {
    const errors = await failuresOf(new KyselyStore(database.db), () => refuseRows(database.db))
    expectSecrecy(errors)
    expect(errors[0].cause).toMatchObject({ name: 'error', code: '23514' })
  })
})

describeWith('MariaDB', hasMariadb)('MariaDB', () => {
  let database: TestDatabase
  useDatabase(
    async () => connectMariadb(await startMariadb()),
    (ready) => (database = ready),
  )

  it("R41: no error of MariaDB's driver carries a statement, an id or data", async () => {
    const errors = await failuresOf(new KyselyStore(database.db), () => refuseRows(database.db))
    expectSecrecy(errors)
    expect(errors[0].cause).toMatchObject({ name: 'Error', code: expect.stringMatching(/^ER_/) })
  })
})

it("R41: no error of SQLite's driver carries an id or data", async () => {
  const { db, stop } = openSqlite()
  await createSessionTable(db)
  const breakIt = async () => {
    for (const verb of ['insert', 'update']) {
      const message = sql.lit(`refused: "${SECRET}"`)
      await sql`create trigger ${sql.ref(verb)} before ${sql.raw(verb)} on sessions begin select raise(abort, ${message}); end`.execute(
        db,
      )
    }
  }
  expectSecrecy(await failuresOf(new KyselyStore(db), breakIt))
  await stop()
})

describeWith('Redis', hasRedis)('Redis', () => {
  let stop: () => Promise<void>
  let ioredis: Redis
  let nodeRedis: ReturnType<typeof createClient>
  beforeAll(async () => {
    const server = await startRedisNode()
    stop = server.stop
    ioredis = new Redis(server.port)
    nodeRedis = createClient({ url: `redis://127.0.0.1:${server.port}` })
    await nodeRedis.connect()
  })
  afterAll(async () => {
    ioredis.disconnect()
    nodeRedis.destroy()
    await stop()
  })

  it.each([
    ['ioredis', () => ioredis],
    ['redis', () => nodeRedis],
  ])('R41: no error of Redis by %s carries a command, an id or data', async (_name, getClient) => {
    await ioredis.flushall()
    const breakIt = async () => {
      for (const id of [ID, `${ID}-2`]) {
        await ioredis.del(`session:r:${id}`)
        await ioredis.set(`session:r:${id}`, 'a text')
      }
    }
    const errors = await failuresOf(new RedisStore(getClient()), breakIt)
    expectSecrecy(errors)
    expect((errors[0].cause as Error).message).toContain('WRONGTYPE')
  })
})
