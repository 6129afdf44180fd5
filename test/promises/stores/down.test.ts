import {
  fromExpressStore,
  fromKeyv,
  LayeredStore,
  type ConditionalStore,
  type OwnerIndexedStore,
  type Store,
  type TouchableStore,
} from 'koa-session-service'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import { RedisStore } from 'koa-session-service/redis'
import type { Context } from 'koa'
import { contextStoreOver } from '../../support/backends/backends'
import { openSqlite } from '../../support/backends/databases'
import { createSessionApp } from '../../support/app/session-app'

const LONG = 60_000
const OUTAGE = new Error('connection refused')
const context = {
  rolling: false,
  changed: true,
  ctx: {} as Context,
  owner: 'ann',
  revision: 'the revision that was read',
}

type AnyStore = Store & Partial<Omit<ConditionalStore & TouchableStore & OwnerIndexedStore, keyof Store>>

const fails = (): never => {
  throw OUTAGE
}
const rejects = async (): Promise<never> => fails()
/** A pool whose server is gone. */
const kysely = async (): Promise<KyselyStore> => {
  const { db, stop } = openSqlite()
  await createSessionTable(db)
  await stop()
  return new KyselyStore(db)
}
const redis = (call: () => Promise<never>): RedisStore => new RedisStore({ call })

/** Every store and adapter over what is down. */
const DOWN: [string, () => AnyStore | Promise<AnyStore>][] = [
  ['fromExpressStore, called back', () => fromExpressStore(express((_id, ...args) => (args.at(-1) as Done)(OUTAGE)))],
  ['fromExpressStore, thrown', () => fromExpressStore(express(fails))],
  ['fromKeyv', () => fromKeyv({ get: rejects, set: rejects, delete: rejects })],
  ['RedisStore', () => redis(rejects)],
  ['RedisStore that waits for replicas', () => waiting()],
  ['KyselyStore', kysely],
  ['LayeredStore over RedisStore', () => new LayeredStore(redis(rejects))],
  ['LayeredStore with a memory', () => new LayeredStore(redis(rejects), { maxStale: LONG })],
  ['LayeredStore over KyselyStore', async () => new LayeredStore(await kysely(), { maxStale: LONG })],
]

type Done = (error: unknown) => void

function express(method: (id: string, ...args: unknown[]) => void) {
  return { get: method, set: method, destroy: method } as never
}

function waiting(): RedisStore {
  const client = { call: rejects, pipeline: () => ({ exec: rejects }) }
  return new RedisStore(client, { waitForReplicas: { count: 1, timeout: 1000 } })
}

const CALLS: [name: keyof AnyStore, call: (store: AnyStore) => unknown][] = [
  ['get', (store) => store.get('a', LONG, context)],
  ['set', (store) => store.set('a', {}, LONG, context)],
  ['destroy', (store) => store.destroy('a', context)],
  ['read', (store) => store.read?.('a', context)],
  ['create', (store) => store.create?.('a', {}, LONG, context)],
  ['replace', (store) => store.replace?.('a', {}, LONG, 'revision', context)],
  ['touch', (store) => store.touch?.('a', Date.now() + LONG, LONG, context)],
  ['listByOwner', (store) => store.listByOwner?.('ann')],
  ['destroyByOwner', (store) => store.destroyByOwner?.('ann')],
]

const attempt = async (call: (store: AnyStore) => unknown, store: AnyStore): Promise<unknown> => call(store)

describe.each(DOWN)('%s, whose server is down', (_name, open) => {
  it('R43: every method of a store whose server is down fails, and none takes that for nothing', async () => {
    const store = await open()
    const methods = CALLS.filter(([name]) => store[name] !== undefined)
    expect(methods.length).toBeGreaterThanOrEqual(3)
    for (const [name, call] of methods) {
      const outcome = await attempt(call, store).then(
        (answer) => ({ name, answer }),
        (error: unknown) => ({ name, isError: error instanceof Error }),
      )
      expect(outcome).toEqual({ name, isError: true })
    }
  })

  it.each(['store', 'ContextStore'])(
    'R43: a request that needs its session gets a 503 while the server of the store is down (as %s)',
    async (place) => {
      const store = await open()
      const options = place === 'store' ? { store } : { ContextStore: contextStoreOver(store) }
      const { app, visitor } = createSessionApp({ ...options, signed: false })
      const errors: unknown[] = []
      app.on('error', (error) => errors.push(error))
      const ann = visitor()
      ann.jar.values.set('koa.sess', 'an-id-of-anns')
      for (const path of ['/', '/set?user=ann', '/logout']) {
        expect(await ann.get(path)).toMatchObject({ status: 503, setCookie: [] })
      }
      expect(await visitor().get('/set?user=bea')).toMatchObject({ status: 503, setCookie: [] })
      expect(await visitor().get('/')).toMatchObject({ status: 200 })
      expect(errors).toHaveLength(4)
      expect(errors).toEqual(errors.map(() => expect.objectContaining({ code: 'ERR_SESSION_STORE' })))
    },
  )
})
