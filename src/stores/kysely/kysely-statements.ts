import type { CompiledQuery, ExpressionBuilder, Kysely } from 'kysely'
import type { AnyKysely } from './any-kysely'
import type { SessionTable, SqlFamily } from './kysely-table'

/** Stands in a statement for a value that each execution brings. */
class Placeholder {
  constructor(readonly name: string) {}
}

/** Values by the names of their placeholders. */
export type Values = Record<string, unknown>

/** A statement that is built and compiled once, and executed with other values each time. */
export class Statement {
  readonly #db: AnyKysely
  readonly #compiled: CompiledQuery

  constructor(db: AnyKysely, query: { compile(): CompiledQuery }) {
    this.#db = db
    this.#compiled = query.compile()
  }

  async rows<Row>(values: Values): Promise<Row[]> {
    return (await this.#db.executeQuery<Row>(this.#bind(values))).rows
  }

  /** Answers how many rows were affected. */
  async run(values: Values): Promise<number> {
    return Number((await this.#db.executeQuery(this.#bind(values))).numAffectedRows ?? 0)
  }

  #bind(values: Values): CompiledQuery {
    const parameters = this.#compiled.parameters.map((parameter) =>
      parameter instanceof Placeholder ? values[parameter.name] : parameter,
    )
    return { ...this.#compiled, parameters }
  }
}

/** Every statement of a {@link KyselyStore}: each one writes on its condition by itself. */
export function sessionStatements(schema: AnyKysely, family: SqlFamily, table: string) {
  const db = schema as Kysely<Record<string, SessionTable>>
  const written = {
    record: value('record'),
    revision: value('revision'),
    expire: value('expire'),
    forget_at: value('forgetAt'),
    owner: value('owner'),
  }
  const insert = db.insertInto(table).values({ id: value('id'), ...written })
  const ofOwner = db.deleteFrom(table).where('owner', '=', value('owner')).where('forget_at', '>', value('now'))
  return {
    read: new Statement(
      db,
      db
        .selectFrom(table)
        .select(['record', 'revision', 'expire'])
        .where('id', '=', value('id'))
        .where('forget_at', '>', value('now')),
    ),
    create: new Statement(
      db,
      family === 'mysql' ? insert.ignore() : insert.onConflict((conflict) => conflict.column('id').doNothing()),
    ),
    set: new Statement(
      db,
      family === 'mysql'
        ? insert.onDuplicateKeyUpdate(written)
        : insert.onConflict((conflict) => conflict.column('id').doUpdateSet(written)),
    ),
    replace: new Statement(
      db,
      db
        .updateTable(table)
        .set(written)
        .where('id', '=', value('id'))
        .where('revision', '=', value('base'))
        .where('forget_at', '>', value('now')),
    ),
    touch: new Statement(
      db,
      db
        .updateTable(table)
        .set({ expire: later('expire', 'expire'), forget_at: later('forget_at', 'forgetAt') })
        .where('id', '=', value('id'))
        .where('forget_at', '>', value('now')),
    ),
    destroy: new Statement(
      db,
      db.deleteFrom(table).where('id', '=', value('id')).where('forget_at', '>', value('now')),
    ),
    forget: new Statement(
      db,
      db.deleteFrom(table).where('id', '=', value('id')).where('forget_at', '<=', value('now')),
    ),
    list: new Statement(
      db,
      db
        .selectFrom(table)
        .select(['id', 'record', 'expire'])
        .where('owner', '=', value('owner'))
        .where('forget_at', '>', value('now')),
    ),
    destroyAllOf: new Statement(db, ofOwner),
    destroyOthersOf: new Statement(db, ofOwner.where('id', '!=', value('except'))),
    deleteExpired: new Statement(
      db,
      db
        .deleteFrom(table)
        .where('forget_at', '<=', value('now'))
        // MySQL takes a limit in a subquery only inside another one.
        .where('id', 'in', (outer) =>
          outer
            .selectFrom((inner) =>
              inner
                .selectFrom(table)
                .select('id')
                .where('forget_at', '<=', value('now'))
                .limit(value('limit'))
                .as('expired'),
            )
            .select('id'),
        ),
    ),
  }
}

/** The later of a time in the table and a value; it passes for a value of any type. */
function later(column: 'expire' | 'forget_at', name: string): never {
  const latest = ({ ref, eb }: ExpressionBuilder<Record<string, SessionTable>, string>): unknown =>
    eb.case().when(column, '<', value(name)).then(value(name)).else(ref(column)).end()
  return latest as never
}

/** A placeholder passes for a value of any type. */
function value(name: string): never {
  return new Placeholder(name) as never
}
