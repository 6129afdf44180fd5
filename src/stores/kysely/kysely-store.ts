import { randomUUID } from 'node:crypto'
import type { Context } from 'koa'
import type {
  ConditionalStore,
  OwnedChoice,
  OwnedRecord,
  OwnerIndexedStore,
  OwnerMark,
  ReadAt,
  ConditionalContext,
  TouchableStore,
  Versioned,
  WriteOutcome,
} from '../../contracts/store'
import { keepName } from '../../base/keep-name'
import { openById } from '../../session/access'
import type { SessionRecord } from '../../session/record'
import { checkLife, checkOwner } from '../checks'
import { RecordText, type RecordTextOptions } from '../record-text'
import { WithEnds } from '../with-ends'
import { badKey, forgetTime, isStorable, timeOf } from './kysely-values'
import { Attempts } from './attempts'
import { BATCH, deleteInBatches, startCleanup, type CleanupOptions, type SessionCleanup } from './cleanup'
import { KyselyEnds } from './kysely-ends'
import { KyselyOwnerMarks } from './kysely-owner-marks'
import { KyselyOwners } from './kysely-owners'
import { sessionStatements } from './kysely-statements'
import { MAX_RECORD_BYTES, type KyselyDatabase, type SessionTable } from './kysely-table'
import { isDuplicate } from './sql-errors'
import type { SqliteDatabase } from './sqlite-database'
import { sqlTable, type Values } from './statement'

export type { CleanupOptions, SessionCleanup } from './cleanup'
export { createSessionTable, type KyselyDatabase, type SessionTable } from './kysely-table'

/** The options of a {@link KyselyStore}. */
export interface KyselyStoreOptions extends RecordTextOptions {
  /** The table's name. Default: `sessions`. */
  table?: string
  /**
   * The database that the `SqliteDialect` has, of better-sqlite3 or libsql: each statement is compiled once, and executed without
   * Kysely, in a third of the time. Its `log` does not see them. A transaction of the application is waited for, as without.
   */
  sqlite?: SqliteDatabase
}

/**
 * Keeps sessions in a table of SQLite, PostgreSQL, MySQL or MariaDB, through a Kysely instance.
 *
 * It makes every promise that a store can make: conditional writes, touch, an index by owner, at every isolation level. Make
 * the table first, with {@link createSessionTable}. Expired rows are never returned; {@link KyselyStore.startCleanup}
 * deletes them. From `koa-session-service/kysely`.
 *
 * @example
 * const database = new Database('sessions.db', { timeout: 5000 })
 * const db = new Kysely({ dialect: new SqliteDialect({ database }) })
 * await createSessionTable(db)
 * const store = new KyselyStore(db, { sqlite: database })
 * const cleanup = store.startCleanup({ every: 60_000 })
 * app.use(session({ store }, app))
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS` for a wrong name of the table, something that is no Kysely instance, or a wrong `sqlite`
 */
export class KyselyStore extends WithEnds implements ConditionalStore, TouchableStore, OwnerIndexedStore {
  readonly #statements: ReturnType<typeof sessionStatements>
  readonly #owners: KyselyOwners
  readonly #attempts: Attempts
  readonly #text: RecordText
  /** Ids and owners are bytes in MySQL and MariaDB. */
  readonly #hasBytes: boolean

  constructor(db: KyselyDatabase, { table, sqlite, maxSize, ...text }: KyselyStoreOptions = {}) {
    const place = sqlTable(db, { table, sqlite })
    const attempts = new Attempts(place.table)
    const ends = new KyselyEnds(place, attempts)
    super(ends)
    this.#attempts = attempts
    this.#hasBytes = place.family === 'mysql'
    this.#statements = sessionStatements(place)
    const limit = this.#hasBytes ? Math.min(maxSize ?? Infinity, MAX_RECORD_BYTES) : maxSize
    this.#text = new RecordText({ ...text, maxSize: limit }, { passesText: new.target === KyselyStore })
    this.#owners = new KyselyOwners({
      statements: this.#statements,
      ends,
      marks: new KyselyOwnerMarks(place),
      attempts: this.#attempts,
      parse: (row) => this.#parse(row),
      bytes: (text) => this.#bytes(text),
    })
  }

  get serializer(): RecordText['serializer'] {
    return this.#text.serializer
  }

  async get(key: string, _maxAge?: number, context?: ConditionalContext): Promise<SessionRecord | undefined> {
    return openById((await this.read(key))?.record, context)
  }

  async read(key: string): Promise<Versioned | undefined> {
    const row = await this.#find(key)
    const found = row && this.#parse(row)
    return found && { record: found.record, text: found.text, revision: row.revision }
  }

  async set(key: string, record: SessionRecord, maxAge: number, context?: ConditionalContext): Promise<void> {
    const values = this.#written(key, record, maxAge, context)
    await this.#attempts.insist(async () => this.#statements.set.run(values))
  }

  async create(
    key: string,
    record: SessionRecord,
    maxAge: number,
    context?: ConditionalContext,
  ): Promise<{ revision: unknown } | undefined> {
    const values = this.#written(key, record, maxAge, context)
    if (await this.#attempts.insist(async () => this.#create(values))) return { revision: values.revision }
    if (!this.#hasBytes) return undefined
    const wasExpired = await this.#attempts.insist(async () => this.#statements.forget.run(this.#now(key)))
    const isMade = wasExpired > 0 && (await this.#attempts.insist(async () => this.#create(values)))
    return isMade ? { revision: values.revision } : undefined
  }

  async replace(
    key: string,
    record: SessionRecord,
    maxAge: number,
    revision: unknown,
    context?: ConditionalContext,
  ): Promise<WriteOutcome> {
    const values = this.#written(key, record, maxAge, context)
    const statement = context?.keepsLife ? this.#statements.replaceKept : this.#statements.replace
    const count = await this.#attempts.once(async () => statement.run({ ...values, base: revision }))
    if (count === undefined) return { outcome: 'conflict' }
    if (count > 0) return { outcome: 'written', revision: values.revision }
    return { outcome: (await this.#find(key)) ? 'conflict' : 'missing' }
  }

  async touch(
    key: string,
    expire: number | undefined,
    maxAge: number,
    context?: ConditionalContext,
  ): Promise<WriteOutcome> {
    const life = checkLife(maxAge)
    const revision = context?.revision
    if (!isStorable(key)) return { outcome: 'missing' }
    const now = this.#now(key)
    const values = { ...now, expire: timeOf(expire), forgetAt: forgetTime(now.now, life), base: revision }
    if (revision === undefined) {
      const count = await this.#attempts.insist(async () => this.#statements.touch.run(values))
      return count > 0 || (await this.#find(key)) ? { outcome: 'written', revision } : { outcome: 'missing' }
    }
    const count = await this.#attempts.once(async () => this.#statements.touchAt.run(values))
    if (count === undefined) return { outcome: 'conflict' }
    if (count > 0) return { outcome: 'written', revision }
    const row = await this.#find(key)
    // A driver may count only the rows that have changed, and a touch may change nothing.
    if (row?.revision === revision) return { outcome: 'written', revision }
    return { outcome: row ? 'conflict' : 'missing' }
  }

  async destroy(key: string, { at }: { ctx?: Context; at?: ReadAt } = {}): Promise<boolean> {
    if (!isStorable(key)) return false
    const { destroy, destroyAt, destroyAtEndless } = this.#statements
    const expire = timeOf(at?.expire)
    const statement = at ? (expire === null ? destroyAtEndless : destroyAt) : destroy
    const run = async () => statement.run({ ...this.#now(key), base: at?.revision, expire })
    return (await this.#attempts.insist(run)) > 0
  }

  async listByOwner(owner: string): Promise<OwnedRecord[]> {
    return this.#owners.list(owner)
  }

  async destroyByOwner(owner: string, choice?: OwnedChoice): Promise<number> {
    return this.#owners.destroy(owner, choice)
  }

  async readMark(owner: string): Promise<OwnerMark> {
    return this.#owners.readMark(owner)
  }

  async setMark(owner: string): Promise<void> {
    await this.#owners.setMark(owner)
  }

  /** Deletes rows that have expired, so many at a time, and rests in between where there are requests; returns how many. */
  async deleteExpired({ batch = BATCH }: { batch?: number } = {}): Promise<number> {
    const run = async () => this.#statements.deleteExpired.run({ now: Date.now(), limit: batch })
    const deleteOnce = async () => this.#attempts.insist(run)
    const total = await deleteInBatches(deleteOnce, { batch, countStatements: () => this.#attempts.count })
    await this.#owners.forget()
    return total
  }

  /**
   * Calls {@link KyselyStore.deleteExpired} every so many milliseconds until it is stopped; does not keep the process
   * alive. Errors go to `onError`, or are warned of.
   */
  startCleanup(options: CleanupOptions): SessionCleanup {
    return startCleanup(async (batch) => this.deleteExpired(batch), options)
  }

  async #find(key: string): Promise<SessionTable | undefined> {
    if (!isStorable(key)) return undefined
    const [row] = await this.#attempts.insist(async () => this.#statements.read.rows<SessionTable>(this.#now(key)))
    return row
  }

  async #create(values: Values): Promise<boolean> {
    try {
      return (await this.#statements.create.run(values)) > 0
    } catch (error) {
      if (isDuplicate(error)) return false
      throw error
    }
  }

  /** PostgreSQL and MySQL may give a bigint as text. */
  #parse({ record, expire }: Pick<SessionTable, 'record' | 'expire'>): ReturnType<RecordText['parse']> {
    return this.#text.parse(record, expire === null ? undefined : Number(expire))
  }

  /** Checks everything that a database would cut or refuse. */
  #written(key: string, record: SessionRecord, maxAge: number, context: ConditionalContext | undefined) {
    if (!isStorable(key)) throw badKey()
    const now = this.#now(key)
    const owner = context?.owner
    return {
      ...now,
      record: this.#text.stringify(record, context),
      revision: randomUUID(),
      expire: timeOf(record._expire),
      forgetAt: forgetTime(now.now, checkLife(maxAge)),
      owner: owner === undefined ? null : this.#bytes(checkOwner(owner)),
    }
  }

  #now(key: string): { id: string | Buffer; now: number } {
    return { id: this.#bytes(key), now: Date.now() }
  }

  #bytes(text: string): string | Buffer {
    return this.#hasBytes ? Buffer.from(text) : text
  }
}

keepName(KyselyStore, 'KyselyStore')
