export {
  createSessionTable,
  KyselyStore,
  type KyselyStoreOptions,
  type SessionCleanup,
  type SessionTable,
} from './stores/kysely/kysely-store'
