import Keyv from 'keyv'
import { EventEmitter } from 'node:events'
import { fromKeyv, type Store } from 'koa-session-service'
import { createSessionApp } from '../../support/app/session-app'

const LONG = 60_000
const context = { rolling: false, changed: true, ctx: {} as never }

/** A server that can be down, and tells of it as adapters do: it throws, or it says so by its event and answers nothing. */
class Adapter extends EventEmitter {
  readonly records = new Map<string, unknown>()
  readonly opts = {}
  namespace?: string
  isDown = false

  constructor(readonly way: 'throws' | 'emits') {
    super()
  }

  get = (key: string) => this.#call(() => this.records.get(key))
  set = (key: string, value: unknown) => this.#call(() => void this.records.set(key, value))
  delete = (key: string) => this.#call(() => this.records.delete(key))
  clear = async () => this.records.clear()

  async #call<T>(work: () => T): Promise<T | undefined> {
    await Promise.resolve()
    if (!this.isDown) return work()
    if (this.way === 'throws') throw new Error('connection refused')
    this.emit('error', new Error('connection refused'))
    return undefined
  }
}

function open(way: 'throws' | 'emits'): { adapter: Adapter; store: Store; keyv: Keyv } {
  const adapter = new Adapter(way)
  const keyv = new Keyv({ store: adapter })
  return { adapter, keyv, store: fromKeyv(keyv) }
}

describe.each(['throws', 'emits'] as const)('fromKeyv, on an adapter that %s', (way) => {
  const CALLS: [string, (store: Store) => unknown][] = [
    ['get', (store) => store.get('a', LONG, context)],
    ['set', (store) => store.set('a', { user: 'ann' }, LONG, context)],
    ['destroy', (store) => store.destroy('a', context)],
  ]

  it.each(CALLS)('R43: fromKeyv fails a %s while its server is down, and later ones work', async (_name, call) => {
    const { adapter, store } = open(way)
    adapter.isDown = true
    await expect(call(store)).rejects.toThrow('connection refused')
    adapter.isDown = false
    await store.set('a', { user: 'ann' }, LONG, context)
    expect(await store.get('a', LONG, context)).toEqual({ user: 'ann' })
  })

  it('R43: a request that reads, writes or ends a session in a Keyv gets a 503 while that is down', async () => {
    const { adapter, store } = open(way)
    const { app, visitor } = createSessionApp({ store })
    app.silent = true
    const ann = visitor()
    await ann.get('/set?user=ann')
    adapter.isDown = true
    for (const path of ['/', '/set?user=bob', '/logout']) expect((await ann.get(path)).status).toBe(503)
    expect((await visitor().get('/set?user=eve')).status).toBe(503)
    adapter.isDown = false
    expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
  })
})

it('R43: a Keyv is left as it was by fromKeyv', async () => {
  const { keyv, adapter } = open('throws')
  adapter.isDown = true
  expect(await keyv.get('a')).toBeUndefined()
  expect(keyv.throwOnErrors).toBe(false)
})

it('R61: a record that a Keyv did not keep is an error', async () => {
  const store = fromKeyv({ get: async () => undefined, set: async () => false, delete: async () => true })
  await expect(store.set('a', {}, LONG, context)).rejects.toThrow('did not keep')
})

it.each([[[1]], ['text'], [5], [null], [new Map()]])('R33: %p in a Keyv is no record', async (value) => {
  const store = fromKeyv({ get: async () => value, set: async () => true, delete: async () => true })
  expect(await store.get('a', LONG, context)).toBeUndefined()
})
