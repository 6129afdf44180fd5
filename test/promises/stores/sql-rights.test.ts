import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import { sql } from 'kysely'
import {
  connectMariadb,
  connectPostgres,
  hasMariadb,
  hasPostgres,
  startMariadb,
  startPostgres,
  type TestDatabase,
} from '../../support/backends/databases'
import { describeWith } from '../../support/backends/require-server'
import type { ServerProcess } from '../../support/backends/server-process'

interface Family {
  name: string
  isThere: boolean
  start: () => Promise<ServerProcess>
  connect: (server: ServerProcess, user?: object) => TestDatabase
  account: string[]
  denied: object
}

const FAMILIES: Family[] = [
  {
    name: 'PostgreSQL',
    isThere: hasPostgres,
    start: startPostgres,
    connect: connectPostgres,
    account: [
      'create role shop login',
      'grant select, insert, update, delete on sessions, sessions_marks, sessions_ends, sessions_ends_log to shop',
    ],
    denied: { code: '42501' },
  },
  {
    name: 'MariaDB',
    isThere: hasMariadb,
    start: startMariadb,
    connect: connectMariadb,
    account: [
      "create user shop@'%' identified by ''",
      ...['sessions', 'sessions_marks', 'sessions_ends', 'sessions_ends_log'].map(
        (table) => `grant select, insert, update, delete on sessions.${table} to shop@'%'`,
      ),
    ],
    denied: { code: 'ER_TABLEACCESS_DENIED_ERROR' },
  },
]

for (const { name, isThere, start, connect, account, denied } of FAMILIES) {
  describeWith(name, isThere)(`an account of ${name} that may use the tables, and not make them`, () => {
    let server: ServerProcess
    let admin: TestDatabase
    let shop: TestDatabase
    beforeAll(async () => {
      server = await start()
      admin = connect(server)
      await createSessionTable(admin.db)
      for (const statement of account) await sql.raw(statement).execute(admin.db)
      shop = connect(server, { user: 'shop', password: '' })
    }, 60_000)
    afterAll(async () => {
      await shop?.stop()
      await admin?.stop()
      await server?.stop()
    })

    it('R62: an account with the rights of the page makes its tables at the start, and finds them there', async () => {
      await createSessionTable(shop.db)
      const store = new KyselyStore(shop.db)
      const owner = { rolling: false, ctx: {} as never, owner: 'ann' }
      await store.set('id', { n: 1 }, 60_000, owner)
      await store.setMark('ann')
      await store.setEnd('hash', { life: 60_000 })
      expect(await store.listByOwner('ann')).toMatchObject([{ key: 'id', record: { n: 1 } }])
      expect((await store.readEnds(['hash'])).found).toMatchObject([{ position: expect.any(Number) as number }])
      expect(await store.destroy('id')).toBe(true)
    })

    it('R62: an account that may not make tables is told so where they are not there', async () => {
      await expect(createSessionTable(shop.db, { table: 'others' })).rejects.toMatchObject(denied)
      await sql.raw('drop table sessions_marks').execute(admin.db)
      await expect(createSessionTable(shop.db)).rejects.toMatchObject(denied)
    })
  })
}
