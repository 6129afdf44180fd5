import Redis from 'ioredis'
import type { Store } from 'koa-session-service'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import { RedisStore } from 'koa-session-service/redis'
import { createClient } from 'redis'
import { closeServers } from '../../promises/errors/server'
import {
  connectMariadb,
  connectPostgres,
  hasMariadb,
  hasPostgres,
  startMariadb,
  startPostgres,
  type TestDatabase,
} from '../../support/backends/databases'
import { DURABLE, hasRedis, startRedisNode } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import type { ServerProcess } from '../../support/backends/server-process'
import { Crowd } from './crowd'

interface Connection {
  store: Store
  close: () => unknown
}

jest.setTimeout(300_000)

const onTable = (connectTo: (server: ServerProcess) => TestDatabase) => async (server: ServerProcess) => {
  const { db, stop } = connectTo(server)
  await createSessionTable(db)
  return { store: new KyselyStore(db), close: stop }
}

async function byIoredis({ port }: ServerProcess): Promise<Connection> {
  const client = new Redis(port)
  client.on('error', () => undefined)
  return { store: new RedisStore(client), close: () => client.disconnect() }
}

async function byNodeRedis({ port }: ServerProcess): Promise<Connection> {
  const client = createClient({ url: `redis://127.0.0.1:${port}` })
  client.on('error', () => undefined)
  await client.connect()
  return { store: new RedisStore(client), close: () => client.destroy() }
}

const durableRedis = () => startRedisNode(DURABLE)

/** Each with what it needs to keep what it acknowledges: the databases do by themselves. */
const SERVERS = [
  { name: 'Redis by ioredis', isThere: hasRedis, start: durableRedis, connect: byIoredis },
  { name: 'Redis by redis', isThere: hasRedis, start: durableRedis, connect: byNodeRedis },
  { name: 'PostgreSQL', isThere: hasPostgres, start: startPostgres, connect: onTable(connectPostgres) },
  { name: 'MariaDB', isThere: hasMariadb, start: startMariadb, connect: onTable(connectMariadb) },
]

// What is thrown and caught by nobody ends a process: jest fails the test in which it happens.
afterEach(closeServers)

for (const { name, isThere, start, connect } of SERVERS) {
  describeWith(name, isThere)(name, () => {
    let server: ServerProcess
    let connection: Connection

    beforeAll(async () => {
      server = await start()
      connection = await connect(server)
    })
    afterAll(async () => {
      await connection.close()
      await server.stop()
    })

    it(`R44: no acknowledged write is lost where ${name} is killed twice under load, and service resumes after clean errors`, async () => {
      const crowd = await Crowd.open(connection.store)
      for (let crash = 0; crash < 2; crash++) {
        await crowd.everyoneIsServed()
        await server.kill()
        await crowd.someoneIsRefused()
        await server.restart()
      }
      await crowd.everyoneIsServed()
      await crowd.leave()
      expect(crowd.acknowledged).toBeGreaterThan(500)
      expect(await crowd.wrongCounts()).toEqual([])
      expect(Object.keys(crowd.statuses)).toEqual(['200', '503'])
      expect(crowd.errors).toHaveLength(crowd.statuses[503])
      for (const error of crowd.errors) expect(error).toMatchObject({ code: 'ERR_SESSION_STORE', status: 503 })
    })
  })
}
