import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { SessionRecord, Store } from 'koa-session-service'
import { createSessionApp } from '../../support/app/session-app'

type Later = <T>(work: () => T) => PromiseLike<T>

/** What stores of others return in the place of a promise. */
const THENABLES: Record<string, Later> = {
  'a thenable whose then() returns nothing': (work) =>
    ({ then: (done: (value: unknown) => void) => void setImmediate(() => done(work())) }) as never,
  'a thenable that calls back at once': (work) =>
    ({ then: (done: (value: unknown) => void) => void done(work()) }) as never,
  'a query that runs at then(), and once': (work) => {
    let runs = 0
    const then = (done: (value: unknown) => unknown, fail: (error: unknown) => unknown): Promise<unknown> =>
      (runs++ > 0 ? Promise.reject(new Error('the query ran already')) : Promise.resolve(work())).then(done, fail)
    return { then } as never
  },
}

function storeWith(later: Later): Store {
  const records = new Map<string, string>()
  return {
    get: (key) => later(() => JSON.parse(records.get(key) ?? 'null') as SessionRecord | null),
    set: (key, record) => later(() => void records.set(key, JSON.stringify(record))),
    destroy: (key) => later(() => void records.delete(key)),
  }
}

describe.each(Object.entries(THENABLES))('a store that returns %s', (_name, later) => {
  it.each([{}, { renew: true }, { rolling: true }, { lazy: true }])(
    'R7: a store that returns thenables serves with %j',
    async (options) => {
      const { visitor } = createSessionApp(
        { store: storeWith(later), ...options },
        { '/': async (ctx, sessions) => sessions.load(ctx), '/logout': (ctx, sessions) => sessions.destroy(ctx) },
      )
      const ann = visitor()
      const set = options.lazy ? '/touch' : '/set?user=ann'
      expect((await ann.get(set)).status).toBe(200)
      if (!options.lazy) expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
      const kept = ann.jar.copy()
      expect((await ann.get('/logout')).status).toBe(200)
      expect((await visitor(kept).get('/')).json()).toEqual({})
    },
  )

  it('R7: a store that returns thenables serves while somebody listens to the channels', async () => {
    const listen = (): void => undefined
    const name = 'tracing:koa-session-service:store:start'
    subscribe(name, listen)
    try {
      const ann = createSessionApp({ store: storeWith(later) }).visitor()
      await ann.get('/set?user=ann')
      expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
    } finally {
      unsubscribe(name, listen)
    }
  })

  it('R7: a hook that returns a thenable serves', async () => {
    const { visitor } = createSessionApp({
      store: storeWith(later),
      valid: () => later(() => true),
      beforeSave: () => later(() => undefined),
    })
    const ann = visitor()
    await ann.get('/set?user=ann')
    expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
  })
})
