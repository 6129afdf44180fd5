import { setImmediate, setTimeout } from 'node:timers/promises'
import { sql, type Kysely, type KyselyPlugin } from 'kysely'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import { describeSessionStore } from 'koa-session-service/testing'
import {
  connectMariadb,
  connectPostgres,
  hasMariadb,
  hasPostgres,
  openSqlite,
  startMariadb,
  startPostgres,
  type TestDatabase,
} from '../../support/backends/databases'
import { describeWith } from '../../support/backends/require-server'
import { useDatabase } from '../../support/backends/use-server'
import type { ServerProcess } from '../../support/backends/server-process'

const LONG = 60_000
const capabilities = ['conditional', 'touch', 'owner', 'ends'] as const
const of = (owner?: string, revision?: unknown) => ({ rolling: false, ctx: {} as never, owner, revision })

/** MariaDB looks at its locks anew only where nobody has asked for a tenth of a second. */
const PAUSE = 150

/** Waits until a statement waits for a lock. */
async function untilBlocked(db: Kysely<any>, query: ReturnType<typeof sql<{ n: number | string }>>): Promise<void> {
  for (;;) {
    if (Number((await query.execute(db)).rows[0].n) > 0) return
    await setTimeout(PAUSE)
  }
}

/** What fits nowhere is refused, and what differs stays apart. */
function describeLimits(name: string, getDb: () => Kysely<any>): void {
  const isEmpty = async () => (await getDb().selectFrom('sessions').select('id').execute()).length === 0

  it.each([
    ['of 513 letters', 'x'.repeat(513)],
    ['with a zero in it', 'a\0b'],
    ['of 300 letters that take 600 bytes', 'ü'.repeat(300)],
  ])(`R61: ${name} refuses an id %s, which fits no row`, async (_what, id) => {
    await getDb().deleteFrom('sessions').execute()
    const store = new KyselyStore(getDb())
    const refusal = { code: 'ERR_SESSION_BAD_ID', message: expect.stringContaining('512 bytes') }
    await expect(store.create(id, {}, LONG)).rejects.toMatchObject(refusal)
    await expect(store.set(id, {}, LONG)).rejects.toMatchObject(refusal)
    await expect(store.replace(id, {}, LONG, 'revision')).rejects.toMatchObject(refusal)
    expect(await store.read(id)).toBeUndefined()
    expect(await store.touch(id, 1, LONG)).toEqual({ outcome: 'missing' })
    expect(await store.touch(id, 1, LONG, of(undefined, 'revision'))).toEqual({ outcome: 'missing' })
    expect(await store.destroy(id)).toBe(false)
    expect(await isEmpty()).toBe(true)
  })

  it(`R61: ${name} tells ids apart by every character, and keeps one of 512 whole`, async () => {
    const store = new KyselyStore(getDb())
    const ids = ['id', 'id ', 'ID', 'id\t', 'x'.repeat(512), `${'x'.repeat(511)}y`]
    for (const [n, id] of ids.entries()) expect(await store.create(id, { n }, LONG)).toBeDefined()
    for (const [n, id] of ids.entries()) expect(await store.get(id)).toEqual({ n })
    for (const id of ids) expect(await store.destroy(id)).toBe(true)
  })

  it(`R62: ${name} takes a fraction of a millisecond without error`, async () => {
    const store = new KyselyStore(getDb())
    const expire = Date.now() + LONG + 0.125
    const created = await store.create('fraction', { _expire: expire }, LONG + 0.5, of('ann'))
    const later = expire + 1000.5
    expect(await store.touch('fraction', later, LONG + 0.75, of('ann', created?.revision))).toMatchObject({
      outcome: 'written',
    })
    const { record, revision } = (await store.read('fraction'))!
    expect(Math.abs((record._expire as number) - later)).toBeLessThan(1)
    expect(await store.destroy('fraction', { at: { revision, expire: record._expire } })).toBe(true)
  })
}

describe('SQLite', () => {
  const { db, stop } = openSqlite()
  beforeAll(async () => createSessionTable(db))
  afterAll(stop)
  describeLimits('SQLite', () => db)

  it('R62: requests have their turn between two batches of a clean-up of SQLite', async () => {
    const store = new KyselyStore(db)
    for (let n = 0; n < 50; n++) await store.set(`old-${n}`, {}, 1)
    await setTimeout(5)
    let turns = 0
    const turn = (): void => void (turns++, (pending = globalThis.setImmediate(turn)))
    let pending = globalThis.setImmediate(turn)
    expect(await store.deleteExpired({ batch: 5 })).toBe(50)
    clearImmediate(pending)
    expect(turns).toBeGreaterThanOrEqual(10)
  })

  it('R62: a clean-up of SQLite rests between its batches while there are requests', async () => {
    const store = new KyselyStore(db)
    await store.set('live', {}, LONG)
    for (let n = 0; n < 2000; n++) await store.set(`old-${n}`, {}, 1)
    await setTimeout(5)
    let isDone = false
    const cleaning = store.deleteExpired({ batch: 200 }).finally(() => (isDone = true))
    let touches = 0
    for (; !isDone; touches++) {
      await store.touch('live', undefined, LONG)
      await setImmediate()
    }
    expect(await cleaning).toBe(2000)
    // With a turn alone between two batches there would be one for each.
    expect(touches).toBeGreaterThan(50)
  })
})

describeWith('PostgreSQL', hasPostgres)('PostgreSQL', () => {
  let server: ServerProcess
  let plain: TestDatabase
  useDatabase(
    async () => connectPostgres((server = await startPostgres())),
    (ready) => (plain = ready),
  )
  describeLimits('PostgreSQL', () => plain.db)

  it('R62: many processes can make the table of PostgreSQL at the same time', async () => {
    const databases = Array.from({ length: 4 }, () => connectPostgres(server, { max: 1 }))
    for (let n = 0; n < 10; n++) {
      await Promise.all(databases.map(async ({ db }) => createSessionTable(db, { table: `visits${n}` })))
    }
    await Promise.all(databases.map(async ({ stop }) => stop()))
  })

  describe.each(['repeatable read', 'serializable'])('at %s', (level) => {
    let database: TestDatabase
    let store: KyselyStore
    beforeAll(() => {
      database = connectPostgres(server, { options: `-c default_transaction_isolation=${level.replace(' ', '\\ ')}` })
      store = new KyselyStore(database.db)
    })
    afterAll(async () => database.stop())

    const blocked = sql<{ n: string }>`select count(*) as n from pg_stat_activity where wait_event_type = 'Lock'`

    /** Makes a call wait for a transaction that writes the same record, and then commits. */
    async function racing<T>(id: string, call: (revision: unknown) => Promise<T>): Promise<T> {
      const created = await store.create(id, { n: 1, _expire: Date.now() + LONG }, LONG, of('ann'))
      return plain.db
        .transaction()
        .execute(async (other) => {
          await other
            .updateTable('sessions')
            .set({ forget_at: Date.now() + 2 * LONG })
            .where('id', '=', id)
            .execute()
          const calling = call(created?.revision)
          await untilBlocked(plain.db, blocked)
          return { calling }
        })
        .then(async ({ calling }) => calling)
    }

    it('R62: a serialization failure of PostgreSQL is a conflict, to a replace and to a touch', async () => {
      const replaced = await racing(`a-${level}`, async (revision) =>
        store.replace(`a-${level}`, { n: 2 }, LONG, revision),
      )
      expect(replaced).toEqual({ outcome: 'conflict' })
      const touched = await racing(`b-${level}`, async (revision) =>
        store.touch(`b-${level}`, Date.now() + LONG, LONG, of('ann', revision)),
      )
      expect(touched).toEqual({ outcome: 'conflict' })
    })

    it('R62: a statement of PostgreSQL that has no condition is made again after a serialization failure', async () => {
      const calls: [string, (id: string) => Promise<unknown>, unknown][] = [
        ['set', async (id) => store.set(id, { n: 3 }, LONG), undefined],
        ['touch', async (id) => (await store.touch(id, undefined, LONG)).outcome, 'written'],
        ['destroy', async (id) => store.destroy(id), true],
      ]
      for (const [name, call, answer] of calls) {
        const id = `${name}-${level}`
        expect(await racing(id, async () => call(id))).toEqual(answer)
      }
      await store.destroyByOwner('ann')
      expect(await racing(`all-${level}`, async () => store.destroyByOwner('ann'))).toBe(1)
    })

    describeSessionStore(`KyselyStore on PostgreSQL at ${level}`, () => ({ store }), { capabilities })
  })
})

describeWith('MariaDB', hasMariadb)('MariaDB', () => {
  let server: ServerProcess
  let plain: TestDatabase
  let loose: TestDatabase
  // Before its server is stopped.
  afterAll(() => loose.stop())
  useDatabase(
    async () => connectMariadb((server = await startMariadb())),
    (ready) => (plain = ready),
  )
  beforeAll(async () => {
    // Counts rows that have changed, not those that were found; and cuts what is too long.
    loose = connectMariadb(server, { flags: ['-FOUND_ROWS'], connectionLimit: 1 })
    await sql`set sql_mode = ''`.execute(loose.db)
  })
  describeLimits('MariaDB', () => plain.db)
  describeSessionStore('KyselyStore on MariaDB, loose', () => ({ store: new KyselyStore(loose.db) }), { capabilities })

  it('R61: a record that is longer than the column of MariaDB is refused, also where the server would cut it', async () => {
    const record = { note: 'x'.repeat(16_777_216) }
    for (const { db } of [plain, loose]) {
      const refusal = { code: 'ERR_SESSION_RECORD_TOO_LARGE' }
      await expect(new KyselyStore(db).create('long', record, LONG)).rejects.toMatchObject(refusal)
      expect(await new KyselyStore(db).read('long')).toBeUndefined()
    }
  })

  it('R62: many processes can make the table of MariaDB at the same time', async () => {
    const databases = Array.from({ length: 4 }, () => connectMariadb(server, { connectionLimit: 1 }))
    for (let n = 0; n < 10; n++) {
      await Promise.all(databases.map(async ({ db }) => createSessionTable(db, { table: `visits${n}` })))
    }
    await Promise.all(databases.map(async ({ stop }) => stop()))
  })

  it('R62: a deadlock of MariaDB is no error', async () => {
    const store = new KyselyStore(plain.db)
    for (const id of ['a', 'b']) await store.set(id, {}, LONG, of('deadlocked'))
    const waiting = sql<{
      n: number
    }>`select count(*) as n from information_schema.innodb_trx where trx_state = 'LOCK WAIT'`
    let ending: Promise<number> | undefined
    await plain.db.transaction().execute(async (other) => {
      // Much is written, so that this transaction is not the one that gives way.
      for (let n = 0; n < 50; n++)
        await other
          .insertInto('sessions')
          .values(row(`filler-${n}`))
          .execute()
      await other.updateTable('sessions').set({ revision: 'other' }).where('id', '=', Buffer.from('b')).execute()
      ending = store.destroyByOwner('deadlocked')
      await untilBlocked(plain.db, waiting)
      await other.updateTable('sessions').set({ revision: 'other' }).where('id', '=', Buffer.from('a')).execute()
    })
    expect(await ending).toBe(2)
    expect(await store.listByOwner('deadlocked')).toEqual([])
  })

  it('R62: the clean-up tells MariaDB how many rows to delete at a time', async () => {
    await plain.db.deleteFrom('sessions').execute()
    const limited: boolean[] = []
    const noting: KyselyPlugin = {
      transformQuery: ({ node }) => {
        if (node.kind === 'DeleteQueryNode') limited.push(node.limit !== undefined)
        return node
      },
      transformResult: async ({ result }) => result,
    }
    const store = new KyselyStore(plain.db.withPlugin(noting))
    expect(limited).toContain(true)
    for (let n = 0; n < 7; n++) await store.set(`old-${n}`, {}, 1)
    await setTimeout(5)
    expect(await store.deleteExpired({ batch: 3 })).toBe(7)
  })
})

function row(id: string): object {
  return { id: Buffer.from(id), record: '{}', revision: 'r', expire: null, forget_at: Date.now() + LONG, owner: null }
}
