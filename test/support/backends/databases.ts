import Database from 'libsql'
import { Kysely, MysqlDialect, PostgresDialect, SqliteDialect, type KyselyPlugin } from 'kysely'
import { createPool, type PoolOptions } from 'mysql2'
import { Pool, type PoolConfig } from 'pg'
import { join } from 'node:path'
import { accountOf, findProgram, run, startServer, type ServerProcess } from './server-process'

/** A database, the server behind it where it has one, and how to be rid of both. */
export interface TestDatabase {
  db: Kysely<any>
  server?: ServerProcess
  stop: () => Promise<void>
}

/** A database of SQLite, and what the option `sqlite` of a KyselyStore takes. */
export function openSqlite(
  file = ':memory:',
  plugins: KyselyPlugin[] = [],
): TestDatabase & { sqlite: Database.Database } {
  const sqlite = new Database(file)
  const db = new Kysely<any>({ dialect: new SqliteDialect({ database: sqlite }), plugins })
  return { db, sqlite, stop: async () => db.destroy() }
}

export const hasPostgres = findProgram('postgres') !== undefined
export const hasMariadb = findProgram('mariadbd') !== undefined

/** A private PostgreSQL; `options` are those of its program. */
export async function startPostgres(options: string[] = []): Promise<ServerProcess> {
  const account = accountOf('postgres')
  return startServer({
    program: findProgram('postgres') as string,
    account,
    prepare: (folder) => {
      const initdb = findProgram('initdb') as string
      run(initdb, ['-D', join(folder, 'data'), '-U', 'postgres', '--auth=trust', '-E', 'UTF8'], account)
    },
    args: ({ port, folder }) => [
      '-D',
      join(folder, 'data'),
      '-p',
      String(port),
      '-h',
      '127.0.0.1',
      '-k',
      folder,
      ...options,
    ],
    isReady: async (port) => {
      const pool = postgresPool(port)
      await pool.query('select 1').finally(() => pool.end())
      return true
    },
  })
}

export function connectPostgres(server: ServerProcess, options: PoolConfig = {}): TestDatabase {
  const db = new Kysely<any>({ dialect: new PostgresDialect({ pool: postgresPool(server.port, options) }) })
  return { db, server, stop: async () => db.destroy() }
}

/** A private MariaDB; `options` are those of its program. */
export async function startMariadb(options: string[] = []): Promise<ServerProcess> {
  const account = accountOf('mysql')
  return startServer({
    program: findProgram('mariadbd') as string,
    account,
    prepare: (folder) => {
      const install = findProgram('mariadb-install-db') as string
      const data = `--datadir=${join(folder, 'data')}`
      run(install, ['--no-defaults', data, '--auth-root-authentication-method=normal', '--skip-test-db'], account)
    },
    args: ({ port, folder }) => [
      '--no-defaults',
      `--datadir=${join(folder, 'data')}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(folder, 'socket')}`,
      `--pid-file=${join(folder, 'pid')}`,
      ...options,
    ],
    isReady: async (port) => {
      const pool = mariadbPool(port, undefined)
      await pool
        .promise()
        .query('create database if not exists sessions')
        .finally(() => pool.promise().end())
      return true
    },
  })
}

export function connectMariadb(server: ServerProcess, options: PoolOptions = {}): TestDatabase {
  const pool = mariadbPool(server.port, 'sessions', options)
  const db = new Kysely<any>({ dialect: new MysqlDialect({ pool }) })
  return { db, server, stop: async () => db.destroy() }
}

function postgresPool(port: number, options: PoolConfig = {}): Pool {
  const pool = new Pool({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', max: 10, ...options })
  // A pool, and each client that is in use, report that a killed server has dropped them; without a listener that ends
  // the process. Each request's own error is what counts.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

function mariadbPool(
  port: number,
  database: string | undefined,
  options: PoolOptions = {},
): ReturnType<typeof createPool> {
  return createPool({ host: '127.0.0.1', port, user: 'root', database, connectionLimit: 10, ...options })
}
