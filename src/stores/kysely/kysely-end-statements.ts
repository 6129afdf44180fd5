import type { CompiledQuery } from 'kysely'
import type { AnyKysely } from './any-kysely'
import { endsOf, type SqlFamily } from './kysely-table'
import { rawSql } from './raw-sql'
import { Statement, value, type SqlTable } from './statement'
import { clockOf } from './sql-clock'

/** What a row of an answer is: a key's end, with the state under an empty name; news; the place asked for; the first place. */
export const KIND = { end: 0, news: 1, asked: 2, first: 3 } as const

/** One row of an answer. Databases give numbers as texts, too. */
export interface EndRow {
  readonly name: string | Buffer
  readonly position: number | string
  readonly at: number | string
  readonly spares: string | null
  readonly later: number | string
  readonly forget_at: number | string | null
}

export interface ReadRow extends EndRow {
  readonly kind: number | string
  readonly now: number | string
}

/** What a statement is made of. */
interface Query {
  compile(): CompiledQuery
}

/** Every statement about ends. */
export function endStatements(place: SqlTable) {
  const { db, family } = place
  const { ends, log } = endsOf(place.table)
  const statement = (query: Query): Statement => new Statement(place, query)
  const isName = ['name', '=', value('name')] as const
  const written = {
    position: value('position'),
    at: value('at'),
    spares: value('spares'),
    later: value('later'),
    forget_at: value('forgetAt'),
  }
  const insert = db.insertInto(ends).values({ name: value('name'), ...written })
  const state = { name: value('name'), position: value('position'), at: value('at'), later: 0 }
  const beginning = db.insertInto(ends).values(state)
  return {
    /** Changes nothing: whoever draws a position has the row's lock from here on. */
    lock: statement(
      db
        .updateTable(ends)
        .set(({ ref }) => ({ position: ref('position') }))
        .where(...isName),
    ),
    state: statement(
      db
        .selectFrom(ends)
        .select(['position', 'at', 'spares', clockOf(family).as('now')])
        .where(...isName),
    ),
    find: statement(
      db
        .selectFrom(ends)
        .select(COLUMNS)
        .where(...isName),
    ),
    put: statement(
      family === 'mysql'
        ? insert.onDuplicateKeyUpdate(written)
        : insert.onConflict((conflict) => conflict.column('name').doUpdateSet(written)),
    ),
    draw: statement(
      db
        .updateTable(ends)
        .set({ position: value('position'), spares: value('spares') })
        .where(...isName),
    ),
    add: statement(db.insertInto(log).values({ position: value('position'), name: value('name') })),
    begin: statement(
      family === 'mysql' ? beginning.ignore() : beginning.onConflict((conflict) => conflict.column('name').doNothing()),
    ),
    clock: statement(db.selectNoFrom([clockOf(family).as('now')])),
    forget: statement(db.deleteFrom(ends).where('forget_at', '<', value('now'))),
    forgetLog: statement(forgetLog(db, log)),
    read: (keys: number, isFollowing: boolean) => statement(reading(db, family, { ends, log }, keys, isFollowing)),
  }
}

const COLUMNS = ['name', 'position', 'at', 'spares', 'later', 'forget_at'] as const

const raw = (sql: string, name: string) => rawSql<null>(sql).as(name)
/** The same columns, of a place in the log. */
const PLACE = [
  'name',
  'position',
  raw('0.0', 'at'),
  raw('null', 'spares'),
  raw('0', 'later'),
  raw('null', 'forget_at'),
] as const

type Source = ReturnType<AnyKysely['selectFrom']>

/** One statement, so that a reader who sees a position sees every end up to it. */
function reading(
  db: AnyKysely,
  family: SqlFamily,
  { ends, log }: { ends: string; log: string },
  keys: number,
  isFollowing: boolean,
): Query {
  const now = clockOf(family).as('now')
  const kind = (number: number) => rawSql<number>(String(number)).as('kind')
  const names = Array.from({ length: keys }, (_, index) => value(`key${index}`))
  const found = db
    .selectFrom(ends)
    .select([...COLUMNS, kind(KIND.end), now])
    .where('name', 'in', names)
  if (!isFollowing) return found
  const newest = db
    .selectFrom(log)
    .innerJoin(ends, `${ends}.name`, `${log}.name`)
    .select([`${ends}.name`, `${ends}.position`, `${ends}.at`, `${ends}.spares`, `${ends}.later`, `${ends}.forget_at`])
    .where(`${log}.position`, '>', value('after'))
    .orderBy(`${log}.position`)
    .limit(value('most'))
  const news = db.selectFrom(newest.as('news')).select([...COLUMNS, kind(KIND.news), now])
  const place = (query: Source, number: number): typeof news =>
    db.selectFrom(query.as('place')).select([...PLACE, kind(number), now] as never) as typeof news
  const asked = db.selectFrom(log).select(['name', 'position']).where('position', '=', value('after'))
  const first = db.selectFrom(log).select(['name', 'position']).orderBy('position').limit(1)
  return found.unionAll(news).unionAll(place(asked, KIND.asked)).unionAll(place(first, KIND.first))
}

/** The last place stays, however old it is. */
function forgetLog(db: AnyKysely, log: string): Query {
  const last = db.selectFrom(log).select(({ fn }) => fn.max('position').as('last'))
  // MySQL deletes from no table that the statement reads, but for one that it makes of it first.
  const before = db.selectFrom(last.as('newest')).select('last')
  return db.deleteFrom(log).where('position', '<', value('before')).where('position', '<', before)
}
