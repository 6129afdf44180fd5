import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import { createSessionTable, KyselyStore, type KyselyStoreOptions } from 'koa-session-service/kysely'
import type { Bytes, ForeignStore, OwnStore, Population } from './scale-places'
import * as scale from './scale-sessions'

/** Loads rows into a table by the fastest way that the database has. */
export type Load = (table: string, columns: readonly string[], rows: Iterable<unknown[]>) => Promise<void>

/** A table, and what can be done with it as a whole. */
export interface Table {
  db: Kysely<any>
  name: string
  load: Load
  bytes: () => Promise<Bytes>
  /** The option of KyselyStore, where the database is SQLite. */
  sqlite?: KyselyStoreOptions['sqlite']
}

const COLUMNS = ['id', 'record', 'revision', 'expire', 'forget_at', 'owner']
/** A row may be deleted at the end of the part of its life that its end is in. */
const PART = Math.floor((scale.LIFE + scale.GRACE) / 64)

const forgetAt = (end: number): number => Math.ceil((end + scale.GRACE) / PART) * PART

/** KyselyStore on a table of its own, and rows that are copies of one that it has written. */
export async function openOurs({ db, name, load, bytes, sqlite }: Table): Promise<Population<OwnStore>> {
  await createSessionTable(db, { table: name })
  const store = new KyselyStore(db, { table: name, sqlite })
  const sample = await scale.writeSamples(store)
  const row = await db.selectFrom(name).selectAll().where('id', '=', sample.key).executeTakeFirstOrThrow()
  if (Number(row.forget_at) !== forgetAt(sample.end) || Number(row.expire) !== sample.end) {
    throw new Error('The rows that are copied would not be as the store writes them.')
  }
  await db.deleteFrom(name).execute()
  const recordOf = scale.copierOf(row.record, sample)
  const ownerOf = scale.copierOf(String(row.owner), sample)
  function* rowsOf(owners: readonly number[]): Generator<unknown[]> {
    for (const { session, owner } of scale.sessionsOf(owners)) {
      const end = scale.endOf(session)
      const record = recordOf(session, owner)
      yield [scale.keyOf(session), record, randomUUID(), end, forgetAt(end), ownerOf(session, owner)]
    }
  }
  const add = async (owners: readonly number[]): Promise<void> => load(name, COLUMNS, rowsOf(owners))
  return { store, add, bytes, cleanUp: async () => store.deleteExpired() }
}

/** The same for a store of express-session, whose table has a session's key, its text and its end. */
export async function openForeign(
  { db, name, load, bytes }: Table,
  store: ForeignStore,
  columns: readonly [key: string, text: string, end: string],
  endAs: (end: number) => unknown,
): Promise<Population<ForeignStore>> {
  function* rowsOf(owners: readonly number[]): Generator<unknown[]> {
    for (const { session, owner } of scale.sessionsOf(owners)) {
      const end = scale.endOf(session)
      const text = JSON.stringify(scale.foreignSession(scale.accountOf(owner), end))
      yield [scale.foreignKeyOf(session), text, endAs(end)]
    }
  }
  await new Promise((resolve, reject) => {
    const session = scale.foreignSession(scale.accountOf(0), scale.endOf(0))
    store.set(scale.foreignKeyOf(0), session, (error?: Error | null) => (error ? reject(error) : resolve(undefined)))
  })
  const written = await db.selectFrom(name).selectAll().executeTakeFirstOrThrow()
  const [[key, text]] = rowsOf([0])
  const own = written[columns[1]]
  if (written[columns[0]] !== key || (typeof own === 'string' ? own : JSON.stringify(own)) !== text) {
    throw new Error('The rows that are copied would not be as the store writes them.')
  }
  await db.deleteFrom(name).execute()
  return { store, add: async (owners) => load(name, columns, rowsOf(owners)), bytes }
}

/** A row as both PostgreSQL and MariaDB read it: what is loaded here has no tab, no end of a line and no backslash. */
export function* linesOf(rows: Iterable<unknown[]>): Generator<string> {
  for (const row of rows) yield `${row.join('\t')}\n`
}

/** Rows in pieces, each for a transaction. */
export function* piecesOf(rows: Iterable<unknown[]>, size: number): Generator<unknown[][]> {
  let piece: unknown[][] = []
  for (const row of rows) {
    piece.push(row)
    if (piece.length < size) continue
    yield piece
    piece = []
  }
  if (piece.length > 0) yield piece
}
