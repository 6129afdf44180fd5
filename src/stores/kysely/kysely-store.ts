import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import type {
  ConditionalStore,
  OwnedRecord,
  OwnerIndexedStore,
  StoreRequest,
  TouchableStore,
  Versioned,
  WriteOutcome,
} from '../../contracts/store'
import { SessionError } from '../../errors'
import type { SessionRecord } from '../../record'
import type { AnyKysely } from './any-kysely'
import { sessionStatements } from './kysely-statements'
import { checkTableName, DEFAULT_TABLE, familyOf, type KyselyDatabase, type SessionTable } from './kysely-table'
import { RecordText, type RecordTextOptions } from '../../record-text'

export { createSessionTable, type KyselyDatabase, type SessionTable } from './kysely-table'

/** What a {@link KyselyStore} takes beside its database. */
export interface KyselyStoreOptions extends RecordTextOptions {
  /** The table's name. Default: `sessions`. */
  table?: string
}

/** A clean-up that runs by itself until it is stopped. */
export interface SessionCleanup {
  stop(): void
}

/** How a missing table is told: SQLite's message, PostgreSQL's `code`, and MySQL's. */
const MISSING_TABLE = /no such table|^42P01$|^ER_NO_SUCH_TABLE$/

/**
 * Keeps sessions in a table of SQLite, PostgreSQL, MySQL or MariaDB, through a Kysely instance.
 *
 * It makes every promise that a store can make: conditional writes, touch, an index by owner. Make the table first, with
 * {@link createSessionTable}. Expired rows are never answered; {@link KyselyStore.startCleanup} deletes them.
 *
 * @example
 * const db = new Kysely({ dialect: new SqliteDialect({ database: new Database('sessions.db') }) })
 * await createSessionTable(db)
 * const store = new KyselyStore(db)
 * const cleanup = store.startCleanup({ every: 60_000 })
 * app.use(session({ store }, app))
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS` for a wrong name of the table or something that is no Kysely instance
 */
export class KyselyStore implements ConditionalStore, TouchableStore, OwnerIndexedStore {
  readonly #statements: ReturnType<typeof sessionStatements>
  readonly #table: string
  readonly #text: RecordText

  constructor(db: KyselyDatabase, { table = DEFAULT_TABLE, ...text }: KyselyStoreOptions = {}) {
    this.#table = checkTableName(table)
    this.#statements = sessionStatements(db as AnyKysely, familyOf(db), table)
    this.#text = new RecordText(text)
  }

  get serializer(): RecordText['serializer'] {
    return this.#text.serializer
  }

  async get(key: string): Promise<SessionRecord | undefined> {
    return (await this.read(key))?.record
  }

  async read(id: string): Promise<Versioned | undefined> {
    return this.#explain(async () => {
      const [row] = await this.#statements.read.rows<SessionTable>({ id, now: Date.now() })
      const found = row && this.#parse(row)
      return found && { ...found, revision: row.revision }
    })
  }

  async set(id: string, record: SessionRecord, maxAge: number, request?: StoreRequest): Promise<void> {
    await this.#explain(async () => this.#statements.set.run(this.#values(id, record, maxAge, request)))
  }

  async create(
    id: string,
    record: SessionRecord,
    maxAge: number,
    request?: StoreRequest,
  ): Promise<{ revision: unknown } | undefined> {
    const values = this.#values(id, record, maxAge, request)
    return this.#explain(async () => {
      if ((await this.#statements.create.run(values)) > 0) return { revision: values.revision }
      const wasExpired = (await this.#statements.forget.run({ id, now: Date.now() })) > 0
      return wasExpired && (await this.#statements.create.run(values)) > 0 ? { revision: values.revision } : undefined
    })
  }

  async replace(
    id: string,
    record: SessionRecord,
    maxAge: number,
    revision: unknown,
    request?: StoreRequest,
  ): Promise<WriteOutcome> {
    const values = this.#values(id, record, maxAge, request)
    return this.#explain(async () => {
      const count = await this.#statements.replace.run({ ...values, base: revision, now: Date.now() })
      if (count > 0) return { outcome: 'written', revision: values.revision }
      const rows = await this.#statements.read.rows({ id, now: Date.now() })
      return { outcome: rows.length > 0 ? 'conflict' : 'missing' }
    })
  }

  async touch(id: string, expire: number | undefined, maxAge: number): Promise<boolean> {
    const now = Date.now()
    const values = { id, expire: expire ?? null, forgetAt: now + Math.ceil(maxAge), now }
    return this.#explain(async () => (await this.#statements.touch.run(values)) > 0)
  }

  async destroy(id: string): Promise<boolean> {
    return this.#explain(async () => (await this.#statements.destroy.run({ id, now: Date.now() })) > 0)
  }

  async listByOwner(owner: string): Promise<OwnedRecord[]> {
    return this.#explain(async () => {
      const rows = await this.#statements.list.rows<SessionTable>({ owner, now: Date.now() })
      return rows.flatMap((row) => {
        const found = this.#parse(row)
        return found ? [{ key: row.id, record: found.record }] : []
      })
    })
  }

  async destroyByOwner(owner: string, { except }: { except?: string } = {}): Promise<number> {
    const { destroyAllOf, destroyOthersOf } = this.#statements
    const statement = except === undefined ? destroyAllOf : destroyOthersOf
    return this.#explain(async () => statement.run({ owner, except, now: Date.now() }))
  }

  /** Deletes rows that have expired, so many at a time; answers how many there were. */
  async deleteExpired({ batch = 1000 }: { batch?: number } = {}): Promise<number> {
    return this.#explain(async () => {
      let total = 0
      for (;;) {
        const deleted = await this.#statements.deleteExpired.run({ now: Date.now(), limit: batch })
        total += deleted
        if (deleted < batch) return total
      }
    })
  }

  /**
   * Calls {@link KyselyStore.deleteExpired} every so many milliseconds until it is stopped; does not keep the process
   * alive. Errors go to `onError`, or are warned of.
   */
  startCleanup({
    every,
    batch,
    onError = (error) => process.emitWarning(inspect(error)),
  }: {
    every: number
    batch?: number
    onError?: (error: unknown) => void
  }): SessionCleanup {
    let running = false
    const timer = setInterval(() => {
      if (running) return
      running = true
      this.deleteExpired({ batch })
        .catch(onError)
        .finally(() => (running = false))
    }, every)
    timer.unref()
    return { stop: () => clearInterval(timer) }
  }

  /** PostgreSQL and MySQL may answer a bigint as text. */
  #parse({ record, expire }: Pick<SessionTable, 'record' | 'expire'>): ReturnType<RecordText['parse']> {
    return this.#text.parse(record, expire === null ? undefined : Number(expire))
  }

  #values(id: string, record: SessionRecord, maxAge: number, request: StoreRequest | undefined) {
    return {
      id,
      record: this.#text.stringify(record, request),
      revision: randomUUID(),
      expire: record._expire ?? null,
      forgetAt: Date.now() + Math.ceil(maxAge),
      owner: request?.owner ?? null,
    }
  }

  async #explain<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      const { message = '', code = '' } = cause as { message?: string; code?: string }
      if (!MISSING_TABLE.test(message) && !MISSING_TABLE.test(code)) throw cause
      const options = this.#table === DEFAULT_TABLE ? '' : `, { table: '${this.#table}' }`
      throw new SessionError(
        'ERR_SESSION_TABLE_MISSING',
        `There is no table "${this.#table}" for the sessions. Call "await createSessionTable(db${options})" once, as a migration.`,
        { status: 503, cause },
      )
    }
  }
}
