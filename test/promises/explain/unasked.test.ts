import session, { MemoryStore, type SessionOptions } from 'koa-session-service'
import type Koa from 'koa'
import { createApp, Visitor } from '../../support/app/app'

/** How many listeners wait for the end of a response, in a handler that has used its session. */
async function listenersIn(app: Koa): Promise<number> {
  let count = -1
  app.use((ctx) => {
    count = ctx.res.listenerCount('close') + ctx.req.listenerCount('aborted')
    ctx.body = ''
  })
  await new Visitor(app).get()
  return count
}

describe('where nobody asks', () => {
  const { NODE_ENV } = process.env

  beforeAll(() => (process.env.NODE_ENV = 'production'))
  afterAll(() => (process.env.NODE_ENV = NODE_ENV))

  it.each([
    ['a cookie', {}],
    ['a store', { store: new MemoryStore() }],
  ] as [string, SessionOptions][])(
    'R120: nothing waits for the end of a request where nobody asks, with %s',
    async (_name, options) => {
      const app = createApp()
      app.use(session(options, app))
      app.use((ctx, next) => {
        ctx.session.views = 1
        return next()
      })
      expect(await listenersIn(app)).toBe(await listenersIn(createApp()))
    },
  )
})
