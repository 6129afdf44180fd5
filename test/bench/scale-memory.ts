import { MemoryStore } from 'koa-session-service'
import { heapInUse } from '../support/heap'
import type { Place } from './scale-places'
import { accountOf, copierOf, endOf, GRACE, keyOf, sessionsOf, writeSamples } from './scale-sessions'

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
    stop: async () => undefined,
  }
}
