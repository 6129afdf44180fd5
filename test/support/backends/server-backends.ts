import { LayeredStore } from 'koa-session-service'
import { createSessionTable, KyselyStore, type KyselyStoreOptions } from 'koa-session-service/kysely'
import { RedisStore } from 'koa-session-service/redis'
import Redis from 'ioredis'
import { type ConditionalBackend, type OpenBackend, useBackends } from './conditional-backends'
import {
  connectMariadb,
  connectPostgres,
  hasMariadb,
  hasPostgres,
  openSqlite,
  startMariadb,
  startPostgres,
  type TestDatabase,
} from './databases'
import { hasRedis, startRedisCluster, startRedisNode } from './redis-cluster'
import { isWanted } from './require-server'
import type { ServerProcess } from './server-process'

const onTable = async ({
  db,
  server,
  sqlite,
  stop,
}: TestDatabase & Pick<KyselyStoreOptions, 'sqlite'>): Promise<OpenBackend> => {
  await createSessionTable(db)
  const close = async () => {
    await stop()
    await server?.stop()
  }
  return { store: new KyselyStore(db, { sqlite }), close }
}

const onRedis = async (): Promise<{ store: RedisStore; close: () => Promise<void> }> => {
  const server: ServerProcess = await startRedisNode()
  const client = new Redis(server.port)
  const close = async () => {
    client.disconnect()
    await server.stop()
  }
  return { store: new RedisStore(client), close }
}

const onCluster = async (): Promise<OpenBackend> => {
  const { connect, stop } = await startRedisCluster()
  const client = connect()
  const close = async () => {
    client.disconnect()
    await stop()
  }
  return { store: new RedisStore(client), close }
}

const layered = async (): Promise<OpenBackend> => {
  const { store, close } = await onRedis()
  return { store: new LayeredStore(store, { maxStale: 60_000 }), close }
}

const BACKENDS: (ConditionalBackend & { server?: string; isThere?: boolean })[] = [
  { name: 'SQLite', open: async () => onTable(openSqlite()) },
  {
    name: 'PostgreSQL',
    server: 'PostgreSQL',
    isThere: hasPostgres,
    open: async () => onTable(connectPostgres(await startPostgres())),
  },
  {
    name: 'MariaDB',
    server: 'MariaDB',
    isThere: hasMariadb,
    open: async () => onTable(connectMariadb(await startMariadb())),
  },
  { name: 'Redis', server: 'Redis', isThere: hasRedis, open: onRedis },
  { name: 'a Redis cluster', server: 'Redis', isThere: hasRedis, open: onCluster },
  { name: 'LayeredStore over Redis', server: 'Redis', isThere: hasRedis, open: layered },
]

/**
 * From here on, `describeOnEachStore` means the databases and the servers, each of which is started once for the test
 * file. To be imported before the tests; they try fewer interleavings, as every call goes over the network.
 */
process.env.RACE_RUNS ??= '3'
const opened: OpenBackend[] = []

useBackends(
  BACKENDS.filter(({ server = '', isThere = true }) => isWanted(server, isThere)).map(({ name, open }) => {
    let backend: Promise<OpenBackend> | undefined
    const openOnce = async () => {
      backend ??= open().then((found) => (opened.push(found), found))
      return { store: (await backend).store, close: async () => undefined }
    }
    return { name, open: openOnce }
  }),
)

afterAll(async () => {
  for (const { close } of opened.splice(0)) await close()
})
