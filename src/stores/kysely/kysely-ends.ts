import type { EndPoint, EndsAnswer, EndSet, EndStore, KeyEnd, SetEndOptions } from '../../contracts/end-store'
import { endAt, LOG_LIFE_MS, MAX_NEWS, maySpare, nextPosition, positionAt } from '../../ends/setting'
import type { AnyKysely } from './any-kysely'
import type { Attempts } from './attempts'
import { endStatements, KIND, type EndRow, type ReadRow } from './kysely-end-statements'
import type { SqlTable, Statement, Values } from './statement'

/** SQLite's clock tells whole milliseconds. */
const GRAIN_OF_SQLITE = 1

/** The ends of keys in two tables: the last one of each key, and a log that is only ever added to. */
export class KyselyEnds implements EndStore {
  readonly #place: SqlTable
  readonly #attempts: Attempts
  readonly #statements: ReturnType<typeof endStatements>
  readonly #reads = new Map<string, Statement>()

  constructor(place: SqlTable, attempts: Attempts) {
    this.#place = place
    this.#attempts = attempts
    this.#statements = endStatements(place)
  }

  async readEnds(keys: readonly string[], { after }: { after?: EndPoint } = {}): Promise<EndsAnswer> {
    const rows = await this.#read(keys, after)
    const state = rows.find(({ kind, name }) => Number(kind) === KIND.end && String(name) === '')
    if (!state) {
      await this.#begin()
      return this.readEnds(keys, { after })
    }
    const ends = new Map(ofKind(rows, KIND.end).map((row) => [String(row.name), endIn(row)]))
    return {
      born: Number(state.at),
      last: { position: Number(state.position), key: String(state.spares ?? '') },
      now: Number(state.now),
      ...(this.#place.family === 'sqlite' && { grain: GRAIN_OF_SQLITE }),
      found: keys.map((key) => ends.get(key)),
      ...(after && followed(rows, after)),
    }
  }

  async setEnd(key: string, options: SetEndOptions): Promise<EndSet | undefined> {
    const setting = async (): Promise<{ set: EndSet | undefined } | 'new'> =>
      this.#inTransaction((db) => this.#set(db, key, options))
    for (;;) {
      const done = await this.#attempts.insist(async () => ({ is: await setting() }))
      if (done.is !== 'new') return done.is.set
      await this.#begin()
    }
  }

  /** Forgets ends whose time is past, and places of the log that are older than it reaches; the last one stays. */
  async forget(): Promise<void> {
    const now = Date.now()
    const { forget, forgetLog } = this.#statements
    await this.#attempts.insist(async () => forget.run({ now }))
    const before = positionAt(now - LOG_LIFE_MS)
    await this.#attempts.insist(async () => forgetLog.run({ before }))
  }

  async #read(keys: readonly string[], after: EndPoint | undefined): Promise<ReadRow[]> {
    const names = ['', ...keys].map((key, index) => [`key${index}`, this.#bytes(key)] as const)
    const values: Values = { after: after?.position, most: MAX_NEWS + 1, ...Object.fromEntries(names) }
    const form = `${keys.length} ${after !== undefined}`
    const read = this.#reads.get(form) ?? this.#statements.read(keys.length + 1, after !== undefined)
    this.#reads.set(form, read)
    return this.#attempts.insist(async () => read.rows<ReadRow>(values))
  }

  /** The lock on the row of the state comes first: it puts positions into one order. */
  async #set(db: AnyKysely, key: string, options: SetEndOptions): Promise<{ set: EndSet | undefined } | 'new'> {
    const { lock, state, find, put, add, draw } = this.#statements
    const none = this.#bytes('')
    await lock.run({ name: none }, db)
    const [row] = await state.rows<ReadRow>({ name: none }, db)
    if (!row) return 'new'
    const name = this.#bytes(key)
    const [found] = await find.rows<EndRow>({ name }, db)
    const was = found && endIn(found)
    if (!maySpare(was, options.spare)) return { set: undefined }
    const now = Number(row.now)
    const before = Number(row.position)
    const end = endAt(nextPosition(before, now), now, was, options)
    const { position } = end
    const values = { name, ...rowOf(end), forgetAt: laterOf(found, now + options.life) }
    await put.run(values, db)
    await draw.run({ name: none, position, spares: key }, db)
    await add.run({ name, position }, db)
    return { set: { end, before, was } }
  }

  /** A store that is new begins with its clock. */
  async #begin(): Promise<void> {
    const { clock, begin, add } = this.#statements
    await this.#attempts.insist(async () =>
      this.#inTransaction(async (db) => {
        const [{ now }] = await clock.rows<{ now: number | string }>({}, db)
        const name = this.#bytes('')
        const position = positionAt(Number(now))
        const count = await begin.run({ name, position, at: position }, db)
        if (count > 0) await add.run({ name, position }, db)
        return true
      }),
    )
  }

  async #inTransaction<T>(work: (db: AnyKysely) => Promise<T>): Promise<T> {
    const { db } = this.#place
    return db.isTransaction ? work(db) : db.transaction().execute(work)
  }

  #bytes(text: string): string | Buffer {
    return this.#place.family === 'mysql' ? Buffer.from(text) : text
  }
}

function ofKind(rows: readonly ReadRow[], kind: number): ReadRow[] {
  return rows.filter((row) => Number(row.kind) === kind)
}

function endIn({ position, at, spares, later }: EndRow): KeyEnd {
  return {
    position: Number(position),
    at: Number(at),
    ...(spares !== null && { except: String(spares) }),
    ...(Number(later) === 1 && { later: true as const }),
  }
}

function rowOf({ position, at, except, later }: KeyEnd): Values {
  return { position, at, spares: except ?? null, later: later ? 1 : 0 }
}

/** What is kept for good stays so, and what is kept for longer. */
function laterOf(found: EndRow | undefined, until: number): number | null {
  if (until === Infinity || found?.forget_at === null) return null
  return Math.ceil(Math.max(until, Number(found?.forget_at ?? 0)))
}

/** What an answer says of the log behind a place. */
function followed(rows: readonly ReadRow[], { position, key }: EndPoint): Pick<EndsAnswer, 'news' | 'continues'> {
  const news = ofKind(rows, KIND.news)
  const [first] = ofKind(rows, KIND.first)
  const isAsked = ofKind(rows, KIND.asked).some(({ name }) => String(name) === key)
  const reaches = first !== undefined && Number(first.position) <= position
  const isWhole = news.length <= MAX_NEWS
  return {
    ...(isWhole && { news: news.map((row) => [String(row.name), endIn(row)] as const) }),
    ...(reaches && { continues: isAsked }),
  }
}
