import { MemoryStore } from 'koa-session-service'
import { heapInUse } from '../support/heap'
import type { ForeignStore, Place, Population } from './scale-places'
import {
  accountOf,
  copierOf,
  endOf,
  GRACE,
  foreignKeyOf,
  foreignSession,
  keyOf,
  sessionsOf,
  writeSamples,
} from './scale-sessions'

/** How many are written without a turn for anybody else. */
const AT_A_TIME = 10_000

export async function openMemory(): Promise<Place> {
  return {
    isLocal: true,
    async ours() {
      const store = new MemoryStore({ max: 20_000_000 })
      const sample = await writeSamples(store)
      const written = store.read(sample.key)!
      const recordOf = copierOf(JSON.stringify(written.record), sample)
      store.destroyByOwner(`koa.sess=${sample.account}`)
      async function add(owners: readonly number[]): Promise<void> {
        let count = 0
        for (const { session, owner } of sessionsOf(owners)) {
          const life = endOf(session) + GRACE - Date.now()
          const context = { rolling: false, changed: true, ctx: {} as any, owner: `koa.sess=${accountOf(owner)}` }
          store.set(keyOf(session), JSON.parse(recordOf(session, owner)), life, context)
          if (++count % AT_A_TIME === 0) await new Promise((resolve) => setImmediate(resolve))
        }
      }
      return { store, add, bytes: async () => ({ memory: heapInUse() }) }
    },
    rival: { name: 'a Map of texts', open: async () => openMap() },
    stop: async () => undefined,
  }
}

/** The least that keeps sessions in this process: what grows with their number here grows in every store that does. */
function openMap(): Population<ForeignStore> {
  const texts = new Map<string, string>()
  const set: ForeignStore['set'] = (key, session, done) => {
    texts.set(key, JSON.stringify(session))
    done()
  }
  const get: ForeignStore['get'] = (key, done) => done(null, JSON.parse(texts.get(key) ?? 'null'))
  async function add(owners: readonly number[]): Promise<void> {
    for (const { session, owner } of sessionsOf(owners)) {
      texts.set(foreignKeyOf(session), JSON.stringify(foreignSession(accountOf(owner), endOf(session))))
    }
  }
  return { store: { get, set, touch: set }, add, bytes: async () => ({ memory: heapInUse() }) }
}
