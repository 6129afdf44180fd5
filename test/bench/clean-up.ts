import { setImmediate } from 'node:timers/promises'
import { sql, type Kysely } from 'kysely'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import {
  connectMariadb,
  connectPostgres,
  openSqlite,
  startMariadb,
  startPostgres,
  type TestDatabase,
} from '../support/backends/databases'
import { quantile } from './statistics'

const ROWS = 250_000
const EXPIRED = 100_000
const LIVE = 500
const AT_A_TIME = 1000
const ONE_DAY = 86_400_000

/** How long a clean-up takes, and what it does to the requests beside it; times in milliseconds. */
export interface CleanUp {
  where: string
  /** Alone. */
  ms: number
  /** Against the plainest statements that delete as many rows at a time, in the same run. */
  share: number
  /** Of touches, without a clean-up and beside one. */
  p99: number
  p99Beside: number
  /** The longest time that the event loop had no turn. */
  stall: number
}

const DATABASES: Record<string, () => Promise<TestDatabase>> = {
  MariaDB: async () => connectMariadb(await startMariadb()),
  PostgreSQL: async () => connectPostgres(await startPostgres()),
  SQLite: async () => openSqlite(),
}

/** The least that deletes what has expired, so many rows at a time. */
const PLAINEST: Record<string, (limit: number) => ReturnType<typeof sql>> = {
  MariaDB: (limit) => sql`delete from sessions where forget_at <= ${Date.now()} limit ${limit}`,
  PostgreSQL: (limit) =>
    sql`delete from sessions where id in (select id from sessions where forget_at <= ${Date.now()} limit ${limit})`,
  SQLite: (limit) =>
    sql`delete from sessions where id in (select id from sessions where forget_at <= ${Date.now()} limit ${limit})`,
}

export async function measureCleanUps(only: string): Promise<CleanUp[]> {
  const results: CleanUp[] = []
  for (const where of Object.keys(DATABASES).filter((name) => name.includes(only))) results.push(await measure(where))
  return results
}

async function measure(where: string): Promise<CleanUp> {
  const { db, server, stop } = await DATABASES[where]()
  try {
    await createSessionTable(db)
    const store = new KyselyStore(db)
    await fill(db, ROWS - EXPIRED, 'live', Date.now() + ONE_DAY)
    await fill(db, EXPIRED, 'old', 1)
    const plain = await timed(async () => deletePlainly(db, where))
    await fill(db, EXPIRED, 'old', 1)
    const own = await timed(async () => store.deleteExpired())
    const without = await touches(store, async () => new Promise((resolve) => setTimeout(resolve, 3000)))
    await fill(db, EXPIRED, 'old', 1)
    const beside = await touches(store, async () => store.deleteExpired())
    return { where, ms: own, share: own / plain, p99: without.p99, p99Beside: beside.p99, stall: beside.stall }
  } finally {
    await stop()
    await server?.stop()
  }
}

async function fill(db: Kysely<any>, count: number, name: string, forgetAt: number): Promise<void> {
  const record = JSON.stringify({ user: 'x'.repeat(200) })
  for (let from = 0; from < count; from += AT_A_TIME) {
    const rows = Array.from({ length: AT_A_TIME }, (_, n) => ({
      id: `${name}-${from + n}`,
      record,
      revision: 'r',
      forget_at: forgetAt,
    }))
    await db.insertInto('sessions').values(rows).execute()
  }
}

async function deletePlainly(db: Kysely<any>, where: string): Promise<void> {
  while (Number((await PLAINEST[where](AT_A_TIME).execute(db)).numAffectedRows) > 0) await setImmediate()
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** Touches sessions one after the other while the work lasts. */
async function touches(store: KyselyStore, work: () => Promise<unknown>): Promise<{ p99: number; stall: number }> {
  let isDone = false
  let stall = 0
  const times: number[] = []
  const working = work().finally(() => (isDone = true))
  const touching = (async () => {
    for (let n = 0; !isDone; n++) {
      times.push(await timed(async () => store.touch(`live-${n % LIVE}`, Date.now() + ONE_DAY, 2 * ONE_DAY + n)))
      // A request comes from the network: it never follows another one within one turn.
      await setImmediate()
    }
  })()
  const watching = (async () => {
    while (!isDone) stall = Math.max(stall, await timed(async () => setImmediate()))
  })()
  await Promise.all([working, touching, watching])
  return { p99: quantile(times, 0.99), stall }
}
