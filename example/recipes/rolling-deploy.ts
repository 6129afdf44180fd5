import { randomUUID } from 'node:crypto'
import Koa from 'koa'
import koaSession, { type CreateSessionOptions } from 'koa-session'
import session, { MemoryStore, type SessionOptions, type Store } from 'koa-session-service'

// From koa-session to this package and back, process by process: with the same cookie, keys and store, each opens what the
// other one wrote. Only when no process of koa-session is left, switch on what it does not know: `owner`, `hashTokens`,
// `codec`, `idleTimeout`. LIBRARY=koa-session starts the old one.

declare module 'koa-session-service' {
  interface SessionData {
    views?: number
  }
}

export type Library = 'koa-session' | 'koa-session-service'

/** What both have: nothing else, as long as both run. */
function optionsFor(store: Store): SessionOptions {
  return { key: 'shop', maxAge: 24 * 60 * 60 * 1000, rolling: true, sameSite: 'lax', store }
}

export function createApp(library: Library, store: Store, keys: string[]): Koa {
  const app = new Koa()
  app.keys = keys
  const options = optionsFor(store)
  app.use(library === 'koa-session' ? koaSession(options as CreateSessionOptions, app) : session(options, app))
  app.use(function countViews(ctx) {
    if (ctx.path === '/sign-out') ctx.session = null
    else ctx.session.views = (ctx.session.views ?? 0) + 1
    ctx.body = { views: ctx.session?.views ?? 0 }
  })
  return app
}

if (require.main === module) {
  // Between processes, it is a Redis or a database.
  const keys = process.env.SESSION_KEYS?.split(',') ?? [randomUUID()]
  const library = (process.env.LIBRARY ?? 'koa-session-service') as Library
  createApp(library, new MemoryStore(), keys).listen(3000, '127.0.0.1')
}
