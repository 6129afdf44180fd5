import { sql } from 'kysely'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
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

/** In Berlin, summer time ended at that second: from 02:00 to 03:00, the clocks on the wall showed the same hour twice. */
const SUMMER_ENDS = 1_761_440_400
const HALF_AN_HOUR = 1800
const ZONE = 9_000

/** A zone that changes as Berlin does, without the files that a server may not have. */
async function addZone({ db }: TestDatabase): Promise<void> {
  await sql`insert into mysql.time_zone values (${ZONE}, 'N')`.execute(db)
  await sql`insert into mysql.time_zone_name values ('Test/Berlin', ${ZONE})`.execute(db)
  await sql`insert into mysql.time_zone_transition_type values (${ZONE}, 0, 7200, 1, 'CEST'), (${ZONE}, 1, 3600, 0, 'CET')`.execute(
    db,
  )
  await sql`insert into mysql.time_zone_transition values (${ZONE}, 1743296400, 0), (${ZONE}, ${SUMMER_ENDS}, 1)`.execute(
    db,
  )
}

describeWith('MariaDB', hasMariadb)('the clock of MariaDB', () => {
  let database: TestDatabase
  let store: KyselyStore
  useDatabase(
    async () => connectMariadb(await startMariadb(), { connectionLimit: 1 }),
    async (ready) => {
      database = ready
      await addZone(database)
      store = new KyselyStore(database.db)
    },
  )

  it.each([
    ['before summer time ends', -HALF_AN_HOUR],
    ['after that', HALF_AN_HOUR],
    ['a day later', 24 * 2 * HALF_AN_HOUR],
  ])('R90: the clock of MariaDB is right in the zone of the connection, half an hour %s', async (when, offset) => {
    const { db } = database
    const seconds = SUMMER_ENDS + offset
    for (const zone of ['Test/Berlin', '+00:00', '-08:00']) {
      const owner = `ann ${when} ${zone}`
      await sql`set time_zone = ${zone}, timestamp = ${seconds}`.execute(db)
      await store.setMark(owner)
      expect(await store.readMark(owner)).toEqual({ now: seconds * 1000, notBefore: seconds * 1000 })
    }
  })

  it('R90: a mark in MariaDB is later than the one before also where the clock was set back', async () => {
    const { db } = database
    await sql`set timestamp = ${SUMMER_ENDS}`.execute(db)
    await store.setMark('bob')
    await sql`set timestamp = ${SUMMER_ENDS - HALF_AN_HOUR}`.execute(db)
    await store.setMark('bob')
    const { now, notBefore } = await store.readMark('bob')
    expect(now).toBe((SUMMER_ENDS - HALF_AN_HOUR) * 1000)
    expect(notBefore).toBeGreaterThan(SUMMER_ENDS * 1000)
  })
})

describeWith('PostgreSQL', hasPostgres)('the clock of PostgreSQL', () => {
  it('R90: the clock of PostgreSQL is the same in the zone of each connection', async () => {
    const server = await startPostgres()
    const database = connectPostgres(server, { max: 1 })
    try {
      await createSessionTable(database.db)
      const store = new KyselyStore(database.db)
      const times: number[] = []
      for (const zone of ['UTC', 'Europe/Berlin', 'Pacific/Kiritimati', 'America/Los_Angeles', 'UTC']) {
        await sql`select set_config('timezone', ${zone}, false)`.execute(database.db)
        times.push((await store.readMark('ann')).now)
      }
      expect(times).toEqual([...times].sort((one, other) => one - other))
    } finally {
      await database.stop()
      await server.stop()
    }
  })
})

describe('the clock of SQLite', () => {
  it('R90: the clock of SQLite is that of the machine, whatever its zone', async () => {
    const { db, stop } = openSqlite()
    await createSessionTable(db)
    const zone = process.env.TZ
    try {
      for (const each of ['Europe/Berlin', 'Pacific/Kiritimati', 'America/Los_Angeles']) {
        process.env.TZ = each
        const before = Date.now()
        const { now } = await new KyselyStore(db).readMark('ann')
        expect(now).toBeGreaterThanOrEqual(before)
        expect(now).toBeLessThanOrEqual(Date.now() + 1)
      }
    } finally {
      if (zone === undefined) delete process.env.TZ
      else process.env.TZ = zone
      await stop()
    }
  })
})
