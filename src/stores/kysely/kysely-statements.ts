import type {
  CompiledQuery,
  ExpressionBuilder,
  Kysely,
  OnConflictBuilder,
  OnConflictDatabase,
  OnConflictUpdateBuilder,
} from 'kysely'
import type { SessionTable, SqlFamily } from './kysely-table'
import { Statement, value, type SqlTable } from './statement'

/** Every statement of a {@link KyselyStore}: each one writes on its condition by itself. */
export function sessionStatements(place: SqlTable) {
  const { family, table } = place
  const db = place.db as Kysely<Record<string, SessionTable>>
  const written = {
    record: value('record'),
    revision: value('revision'),
    expire: value('expire'),
    forget_at: value('forgetAt'),
    owner: value('owner'),
  }
  const insert = db.insertInto(table).values({ id: value('id'), ...written })
  const live = <T extends { where(column: 'forget_at', operator: '>', limit: never): T }>(query: T): T =>
    query.where('forget_at', '>', value('now'))
  const destroy = live(db.deleteFrom(table).where('id', '=', value('id')))
  const destroyAt = destroy.where('revision', '=', value('base'))
  const destroyOf = live(db.deleteFrom(table).where('owner', '=', value('owner')))
  const destroyOnly = destroyOf.where('id', '=', value('only'))
  const touch = live(
    db
      .updateTable(table)
      .set({ expire: later('expire', 'expire'), forget_at: later('forget_at', 'forgetAt') })
      .where('id', '=', value('id')),
  )
  const replace = (set: object) =>
    live(
      db
        .updateTable(table)
        .set(set as never)
        .where('id', '=', value('id'))
        .where('revision', '=', value('base')),
    )
  const statement = (query: { compile(): CompiledQuery }): Statement => new Statement(place, query)
  return {
    read: statement(live(db.selectFrom(table).select(['record', 'revision', 'expire']).where('id', '=', value('id')))),
    /** Not with "ignore", which cuts what is too long: MySQL fails where the key is taken. */
    create: statement(
      family === 'mysql' ? insert : insert.onConflict((conflict) => overExpired(conflict, table, written)),
    ),
    set: statement(
      family === 'mysql'
        ? insert.onDuplicateKeyUpdate(written)
        : insert.onConflict((conflict) => conflict.column('id').doUpdateSet(written)),
    ),
    replace: statement(replace(written)),
    replaceKept: statement(
      replace({ ...written, expire: later('expire', 'expire'), forget_at: later('forget_at', 'forgetAt') }),
    ),
    touch: statement(touch),
    touchAt: statement(touch.where('revision', '=', value('base'))),
    destroy: statement(destroy),
    destroyAt: statement(destroyAt.where('expire', '=', value('expire'))),
    destroyAtEndless: statement(destroyAt.where('expire', 'is', null)),
    forget: statement(db.deleteFrom(table).where('id', '=', value('id')).where('forget_at', '<=', value('now'))),
    list: statement(
      live(
        db
          .selectFrom(table)
          .select(['id', 'record', 'expire', 'revision'])
          .where('owner', '=', value('owner'))
          .where((eb) => eb.or([eb('expire', 'is', null), eb('expire', '>=', value('now'))])),
      ),
    ),
    destroyExpiredOf: statement(destroyOf.where('expire', '<', value('now')).where('id', '!=', value('except'))),
    destroyOf: statement(destroyOf.where('id', '!=', value('except'))),
    destroyOnly: statement(destroyOnly),
    destroyOnlyAt: statement(destroyOnly.where('revision', '=', value('base'))),
    deleteExpired: statement(deleteExpired(db, family, table)),
  }
}

/** The key of a record that has expired is free. */
function overExpired(
  conflict: OnConflictBuilder<Record<string, SessionTable>, string>,
  table: string,
  written: Record<string, never>,
): OnConflictUpdateBuilder<OnConflictDatabase<Record<string, SessionTable>, string>, string> {
  const taking = conflict.column('id').doUpdateSet(written)
  return taking.where(`${table}.forget_at` as 'forget_at', '<=', value('now'))
}

/**
 * So many at a time, the oldest first: without an order, PostgreSQL reads the table from its beginning where many have expired, and
 * all that is deleted there again with each batch. The sum has no index: where the statistics say that nothing has expired, PostgreSQL
 * would look for the oldest anew for each row. MySQL and MariaDB can say all this themselves, which is several times as fast there.
 */
function deleteExpired(
  db: Kysely<Record<string, SessionTable>>,
  family: SqlFamily,
  table: string,
): { compile(): CompiledQuery } {
  const rows = db.deleteFrom(table)
  if (family === 'mysql') {
    return rows.where('forget_at', '<=', value('now')).orderBy('forget_at').limit(value('limit'))
  }
  const oldest = db.selectFrom(table).select('id').where('forget_at', '<=', value('now')).orderBy('forget_at')
  return rows
    .where((eb) => eb(eb('forget_at', '+', eb.lit(0)), '<=', value('now')))
    .where('id', 'in', oldest.limit(value('limit')))
}

/** The later of a time in the table and a value; it passes for a value of any type. */
function later(column: 'expire' | 'forget_at', name: string): never {
  const latest = ({ ref, eb }: ExpressionBuilder<Record<string, SessionTable>, string>): unknown =>
    eb.case().when(column, '<', value(name)).then(value(name)).else(ref(column)).end()
  return latest as never
}
