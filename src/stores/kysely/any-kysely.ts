import type { Kysely } from 'kysely'

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the table is one among those of the application's schema
export type AnyKysely = Kysely<any>
