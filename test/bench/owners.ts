import { sql } from 'kysely'
import { Redis } from 'ioredis'
import type { Context } from 'koa'
import { MemoryStore, type ConditionalStore, type OwnerIndexedStore } from 'koa-session-service'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import { RedisStore } from 'koa-session-service/redis'
import { openSqlite } from '../support/backends/databases'
import { startRedisNode } from '../support/backends/redis-cluster'
import { RoundTrips } from '../support/spies/round-trips'
import { payload } from './payload'
import { median } from './statistics'

const OWN = 1000
const OTHERS = 100_000
const ROUNDS = 9
const ONE_DAY = 86_400_000
/** How many sessions are put into a store at once. */
const BATCH = 1000
const CONTEXT = { rolling: false, changed: true, ctx: {} as Context }

type OwnedStore = ConditionalStore & OwnerIndexedStore

export interface OwnerFigure {
  where: string
  operation: string
  /** In milliseconds: where there are no others, and among them. */
  alone: number
  among: number
  /** How often the server is waited for; undefined where there is none. */
  trips: number | undefined
}

interface Place {
  store: OwnedStore
  trips?: RoundTrips
  /** Adds so many sessions of others, faster than one by one where there is a way. */
  crowd?: (count: number) => Promise<unknown>
  stop: () => Promise<unknown>
}

const PLACES: Record<string, () => Promise<Place>> = {
  async MemoryStore() {
    return { store: new MemoryStore({ max: 2 * OTHERS }), stop: async () => undefined }
  },

  async SQLite() {
    const { db, stop } = openSqlite()
    await createSessionTable(db)
    const crowd = (count: number): Promise<unknown> =>
      sql`insert into sessions (id, record, revision, expire, forget_at, owner)
        with recursive numbers (number) as (select 1 union all select number + 1 from numbers where number < ${count})
        select lower(hex(randomblob(16))), record, revision, expire, forget_at, 'other-' || number
        from numbers, (select * from sessions limit 1)`.execute(db)
    return { store: new KyselyStore(db), crowd, stop }
  },

  async Redis() {
    const server = await startRedisNode()
    const client = new Redis(server.port, '127.0.0.1')
    const trips = new RoundTrips(client)
    return { store: new RedisStore(trips), trips, stop: () => client.quit().then(() => server.stop()) }
  },
}

async function add({ store }: Place, count: number, ownerOf: (index: number) => string): Promise<void> {
  const record = { ...payload(238), _expire: Date.now() + ONE_DAY, _maxAge: ONE_DAY }
  for (let from = 0; from < count; from += BATCH) {
    const indices = Array.from({ length: Math.min(BATCH, count - from) }, (_, index) => from + index)
    const set = (index: number): unknown =>
      store.set(`${ownerOf(0)}-${index}`, { ...record }, ONE_DAY, { ...CONTEXT, owner: ownerOf(index) })
    await Promise.all(indices.map(set))
  }
}

/** Lists and ends the sessions of one owner, as `sessions.list()` and `sessions.revokeAll()` call the store. */
async function measure(place: Place): Promise<{ ms: number; trips: number | undefined }[]> {
  const { store, trips } = place
  const owner = `owner-${Math.random()}`
  await add(place, OWN, () => owner)
  const list = async (): Promise<number> => (await store.listByOwner(owner)).length
  const revokeAll = async (): Promise<number> => {
    await store.setMark(owner)
    await store.listByOwner(owner)
    return store.destroyByOwner(owner)
  }
  const results: { ms: number; trips: number | undefined }[] = []
  for (const work of [list, revokeAll]) {
    if (trips) trips.count = 0
    const began = performance.now()
    const count = await work()
    results.push({ ms: performance.now() - began, trips: trips?.count })
    if (count !== OWN) throw new Error(`${count} sessions of ${OWN}`)
  }
  return results
}

/** The median of several times: what one takes depends on what else is done. */
async function measureOften(place: Place): Promise<{ ms: number; trips: number | undefined }[]> {
  const rounds: Awaited<ReturnType<typeof measure>>[] = []
  for (let round = 0; round < ROUNDS; round++) rounds.push(await measure(place))
  return rounds[0].map(({ trips }, index) => ({ ms: median(rounds.map((round) => round[index].ms)), trips }))
}

/** What it takes to list and to end 1,000 sessions of an owner, alone and among 100,000 of others. */
export async function measureOwners(only: string): Promise<OwnerFigure[]> {
  const figures: OwnerFigure[] = []
  for (const where of Object.keys(PLACES).filter((name) => name.includes(only))) {
    const place = await PLACES[where]()
    try {
      await measure(place)
      const alone = await measureOften(place)
      await add(place, 1, () => 'other')
      await (place.crowd ? place.crowd(OTHERS) : add(place, OTHERS, (index) => `other-${index}`))
      const among = await measureOften(place)
      for (const [index, operation] of ['list', 'revokeAll'].entries()) {
        const { ms, trips } = among[index]
        figures.push({ where, operation, alone: alone[index].ms, among: ms, trips })
      }
    } finally {
      await place.stop()
    }
  }
  return figures
}
