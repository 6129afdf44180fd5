import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import { describeSessionStore } from 'koa-session-service/testing'
import { Client } from 'pg'
import { connectPostgres, hasPostgres, startPostgres, type TestDatabase } from '../../support/backends/databases'
import { describeWith } from '../../support/backends/require-server'
import { accountOf, findProgram, startServer, type ServerProcess } from '../../support/backends/server-process'

/** Fewer connections to the server than there are calls at once: each transaction may go over another one. */
const SERVER_CONNECTIONS = 3

/** A pooler in transaction mode in front of a server: what a connection remembers is not there in the next transaction. */
function startPgBouncer(server: ServerProcess): Promise<ServerProcess> {
  return startServer({
    program: findProgram('pgbouncer') as string,
    account: accountOf('postgres'),
    // It takes its port from a file alone.
    args: ({ port, folder }) => ['-q', settingsIn(folder, port, server.port)],
    isReady: async (port) => {
      const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' })
      await client.connect()
      await client.end()
      return true
    },
  })
}

function settingsIn(folder: string, port: number, serverPort: number): string {
  const path = join(folder, `settings-${port}.ini`)
  const lines = [
    '[databases]',
    `* = host=127.0.0.1 port=${serverPort} user=postgres`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = transaction',
    `default_pool_size = ${SERVER_CONNECTIONS}`,
  ]
  writeFileSync(path, lines.join('\n'))
  return path
}

const hasAll = hasPostgres && findProgram('pgbouncer') !== undefined

describeWith('PgBouncer', hasAll)('PostgreSQL behind PgBouncer, by transactions', () => {
  let server: ServerProcess
  let pooler: ServerProcess
  let database: TestDatabase

  beforeAll(async () => {
    server = await startPostgres()
    pooler = await startPgBouncer(server)
    database = connectPostgres(pooler)
    await createSessionTable(database.db)
  })
  afterAll(async () => {
    await database.stop()
    await pooler.stop()
    await server.stop()
  })

  describeSessionStore('KyselyStore behind PgBouncer', () => ({ store: new KyselyStore(database.db) }), {
    capabilities: ['conditional', 'touch', 'owner', 'ends'],
  })

  test('R10: 50 increments at once through a pooler of three connections count 50', async () => {
    const store = new KyselyStore(database.db)
    await store.set('counter', { count: 0 }, 60_000)
    const increment = async (): Promise<void> => {
      for (;;) {
        const { record, revision } = (await store.read('counter')) as { record: { count: number }; revision: string }
        const { outcome } = await store.replace('counter', { count: record.count + 1 }, 60_000, revision)
        if (outcome === 'written') return
      }
    }
    await Promise.all(Array.from({ length: 50 }, increment))
    expect(await store.get('counter')).toEqual({ count: 50 })
  })
})
