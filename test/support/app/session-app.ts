import session, { type SessionOptions, type SessionService } from 'koa-session-service'
import type Koa from 'koa'
import type { Context } from 'koa'
import { createApp, Visitor, type CookieJar } from './app'

/** What a path does; what it returns is the body. */
export type Action = (ctx: Context, sessions: SessionService) => unknown

const ACTIONS: Record<string, Action> = {
  /** Answers the data. */
  '/': (ctx) => ctx.session,
  /** Takes every key of the query over into the session. */
  '/set': (ctx) => void Object.assign(ctx.session, ctx.query),
  '/delete': (ctx) => void Reflect.deleteProperty(ctx.session, String(ctx.query.key)),
  /** Leaves the session alone. */
  '/plain': () => 'plain',
  '/throw': () => {
    throw new Error('the handler failed')
  },
  '/logout': (ctx) => {
    ctx.session = null
  },
  /** Reads the session, ends it and begins another one. */
  '/replace': (ctx) => {
    void ctx.session.user
    ctx.session = null
    ctx.session = { ...ctx.query }
  },
  '/regenerate': async (ctx, sessions) => {
    await sessions.regenerate({ keepData: ctx.query.keepData !== 'false' }, ctx)
  },
  '/max-age': (ctx) => {
    ctx.session.maxAge = Number(ctx.query.value)
  },
  '/touch': (ctx, sessions) => sessions.touch(ctx),
  '/id': (ctx) => ctx.session.externalKey,
}

export interface SessionApp {
  app: Koa
  sessions: SessionService
  visitor: (jar?: CookieJar) => Visitor
}

/** An app of which every path does one thing with the session; `actions` adds more of them. */
export function createSessionApp(options: SessionOptions, actions: Record<string, Action> = {}): SessionApp {
  const app = createApp()
  const all = { ...ACTIONS, ...actions }
  const middleware = session(options, app)
  const { sessions } = middleware
  app.use(middleware)
  app.use(async (ctx) => {
    const answer = await all[ctx.path]?.(ctx, sessions)
    ctx.body = answer ?? ''
  })
  return { app, sessions, visitor: (jar) => new Visitor(app, jar) }
}
