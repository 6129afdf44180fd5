export {
  createSessionTable,
  KyselyStore,
  type KyselyDatabase,
  type CleanupOptions,
  type KyselyStoreOptions,
  type SessionCleanup,
  type SessionTable,
} from './stores/kysely/kysely-store'
export {
  PostgresBus,
  type PostgresBusOptions,
  type PostgresConnection,
  type PostgresPool,
} from './stores/kysely/postgres-bus'
export type { SqliteDatabase, SqliteStatement } from './stores/kysely/sqlite-database'
