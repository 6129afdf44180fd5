export {
  createSessionTable,
  KyselyStore,
  type KyselyDatabase,
  type KyselyStoreOptions,
  type SessionCleanup,
  type SessionTable,
} from './stores/kysely/kysely-store'
