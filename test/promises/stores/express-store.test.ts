import { Store as ExpressBase, MemoryStore as ExpressMemoryStore } from 'express-session'
import { fromExpressStore, session, type Store } from 'koa-session-service'
import { createApp } from '../../support/app/app'
import { createSessionApp } from '../../support/app/session-app'

const LONG = 60_000
const context = { rolling: false, changed: true, ctx: {} as never }
const FAILURE = Object.assign(new Error('disk full'), { code: 'ENOSPC' })

/** A store of express-session's form; each method does what it is told. */
function callback(answer: (...args: any[]) => unknown) {
  const method = (...args: any[]) => {
    const done = args.pop() as (error?: unknown, value?: unknown) => void
    done(...(answer(...args) as [unknown, unknown]))
  }
  return { get: method, set: method, destroy: method } as never
}

describe('fromExpressStore', () => {
  it.each([
    ['get', (store: Store) => store.get('a', LONG, context)],
    ['set', (store: Store) => store.set('a', {}, LONG, context)],
    ['destroy', (store: Store) => store.destroy('a', context)],
  ])('R43: fromExpressStore passes on the error of a %s', async (_name, call) => {
    await expect(call(fromExpressStore(callback(() => [FAILURE])))).rejects.toBe(FAILURE)
  })

  it('R43: a failure of an Express store that is no error becomes one', async () => {
    const store = fromExpressStore(callback(() => ['down']))
    await expect(store.get('a', LONG, context)).rejects.toMatchObject({ message: 'the store failed', cause: 'down' })
  })

  it('R25: fromExpressStore tells the store the life in milliseconds, and when it ends', async () => {
    const before = Date.now()
    let given: { cookie: { maxAge: number; originalMaxAge: number; expires: Date } } | undefined
    await fromExpressStore(callback((_id, value) => [void (given = value)])).set('a', {}, LONG, context)
    expect(given?.cookie).toMatchObject({ maxAge: LONG, originalMaxAge: LONG, path: '/' })
    expect(given?.cookie.expires.getTime()).toBeGreaterThanOrEqual(before + LONG)
    expect(given?.cookie.expires.getTime()).toBeLessThanOrEqual(Date.now() + LONG)
  })
})

describe('a store of express-session without the adapter', () => {
  class OwnStore extends ExpressBase {
    get = (_id: string, reply: (error: unknown) => void) => reply(null)
    set = (_id: string, _session: unknown, done?: () => void) => done?.()
    destroy = (_id: string, done?: () => void) => done?.()
  }
  const plain = {
    get: function (_id: string, callback: () => void) {
      callback()
    },
    set: () => undefined,
    destroy: () => undefined,
  }

  it.each([
    ['its own', new ExpressMemoryStore()],
    ['one that extends its class', new OwnStore()],
    ['one of the same form', plain],
  ])(
    'R43: a store of express-session without the adapter, as %s, is refused, and the error names fromExpressStore',
    (_name, store) => {
      const app = createApp()
      expect(() => session({ store: store as never }, app)).toThrow(
        expect.objectContaining({
          code: 'ERR_SESSION_OPTIONS',
          message: expect.stringContaining('fromExpressStore(store)'),
        }),
      )
    },
  )

  it('R43: a store of express-session that cannot be told apart before it is used is named when it fails', async () => {
    const get = (...args: unknown[]) => {
      const [, callback] = args as [string, () => void]
      callback()
    }
    const { app, visitor } = createSessionApp({ store: { get, set: get, destroy: get } as never, signed: false })
    const errors: Error[] = []
    app.on('error', (error: Error) => errors.push(error))
    const ann = visitor()
    ann.jar.values.set('koa.sess', 'an-id')
    expect((await ann.get('/')).status).toBe(503)
    expect(errors[0].message).toContain('fromExpressStore(store)')
  })

  it('R43: a store of three methods whose "get" has two parameters is none of express-session', () => {
    const app = createApp()
    const store = { get: (_key: string, _maxAge: number) => undefined, set: () => undefined, destroy: () => undefined }
    expect(() => session({ store }, app)).not.toThrow()
  })
})

it('R33: a generator object of an Express store is no record', async () => {
  const store = {
    *get() {
      yield { user: 'ann' }
    },
    set: () => undefined,
    destroy: () => undefined,
  }
  const { visitor } = createSessionApp({ store: store as never, signed: false })
  const ann = visitor()
  ann.jar.values.set('koa.sess', 'an-id')
  expect((await ann.get('/')).json()).toEqual({})
})
