import { setTimeout } from 'node:timers/promises'
import type { ExpressionBuilder, Kysely } from 'kysely'
import type { OwnerMark } from '../../contracts/store'
import { MARK_LIFE_MS } from '../owner-marks'
import { marksOf, type OwnerMarkTable, type SqlFamily } from './kysely-table'
import { clockOf, markExpression, stepOf } from './sql-clock'
import { Statement, value, type SqlTable } from './statement'

interface MarkRow {
  now: number | string
  not_before: number | string | null
}

/** The marks of owners, in a table beside that of the records; the times in it are the database's. */
export class KyselyOwnerMarks {
  readonly #read: Statement
  readonly #set: Statement
  readonly #forget: Statement
  readonly #hasCoarseClock: boolean

  constructor(place: SqlTable) {
    const { family, table } = place
    const db = place.db as Kysely<Record<string, OwnerMarkTable>>
    const marks = marksOf(table)
    const now = clockOf(family)
    const not_before = markExpression(family) as never
    this.#hasCoarseClock = family === 'sqlite'
    const found = db.selectFrom(marks).select('not_before').where('owner', '=', value('owner'))
    const later = { not_before: laterThan(family, marks) as never }
    const insert = db.insertInto(marks).values({ owner: value('owner'), not_before })
    this.#read = new Statement(place, db.selectNoFrom([found.as('not_before'), now.as('now')]))
    this.#set = new Statement(
      place,
      family === 'mysql'
        ? insert.onDuplicateKeyUpdate(later)
        : insert.onConflict((conflict) => conflict.column('owner').doUpdateSet(later)),
    )
    this.#forget = new Statement(place, db.deleteFrom(marks).where('not_before', '<', value('before')))
  }

  async read(owner: string | Buffer): Promise<OwnerMark> {
    const [{ now, not_before }] = await this.#read.rows<MarkRow>({ owner })
    return { now: Number(now), notBefore: not_before === null ? undefined : Number(not_before) }
  }

  /** Where the clock tells milliseconds alone, it waits until a sign-in that begins after it is seen to be later. */
  async set(owner: string | Buffer): Promise<number> {
    const count = await this.#set.run({ owner })
    if (!this.#hasCoarseClock) return count
    // Not until the mark is past: where the clock was set back, that takes as long.
    const { now: begin } = await this.read(owner)
    for (;;) {
      const { now } = await this.read(owner)
      if (now > begin + 2 || now < begin) return count
      await setTimeout(1)
    }
  }

  /** Deletes marks that nobody needs, also where the clock of the database is some hours behind. */
  async forget(): Promise<number> {
    return this.#forget.run({ before: Date.now() - 2 * MARK_LIFE_MS })
  }
}

/** A mark is always later than the one before, whatever happens to the clock. */
function laterThan(family: SqlFamily, marks: string) {
  const greatest = family === 'sqlite' ? 'max' : 'greatest'
  return ({ eb, fn, ref }: ExpressionBuilder<Record<string, OwnerMarkTable>, string>) =>
    fn(greatest, [eb(ref(`${marks}.not_before`), '+', stepOf(family)), markExpression(family)])
}
