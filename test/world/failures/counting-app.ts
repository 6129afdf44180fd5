import type Koa from 'koa'
import session, { type Store } from '../../../src'
import { createApp } from '../../support/app/app'

/** An app that counts in the visitor's session at `/count`, and answers the count. */
export function createCountingApp(store: Store): Koa {
  const app = createApp()
  const middleware = session({ store, storeTimeout: 1000 }, app)
  app.use(middleware)
  app.use(async (ctx) => {
    if (ctx.path === '/count')
      await middleware.sessions.update((data) => (data.count = Number(data.count ?? 0) + 1), ctx)
    ctx.body = { count: ctx.session.count ?? 0 }
  })
  return app
}
