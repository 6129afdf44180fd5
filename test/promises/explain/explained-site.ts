import { session, type SessionExplanation, type SessionOptions, type SessionService } from 'koa-session-service'
import type Koa from 'koa'
import type { Context } from 'koa'
import { CookieJar, createApp, Visitor } from '../../support/app/app'

type Handle = (ctx: Context, sessions: SessionService) => unknown

export interface ExplainedSite {
  app: Koa
  jar: CookieJar
  sessions: SessionService
  /** Makes a request, and returns the explanation at its end. */
  get: (path?: string, cookie?: string) => Promise<SessionExplanation>
}

export const HANDLERS: Record<string, Handle> = {
  '/': (ctx) => ctx.session,
  '/in': (ctx) => void Object.assign(ctx.session, { user: 'ann', much: 'x'.repeat(1500) }),
  '/more': (ctx) => void (ctx.session.more = Math.random()),
  '/out': (ctx) => {
    void ctx.session.user
    ctx.session = null
  },
  '/another': async (ctx, sessions) => {
    await sessions.destroy(ctx)
    ctx.session = { user: 'bea' }
  },
  '/plain': () => undefined,
  '/save': (ctx) => ctx.session.save(),
  '/regenerate': (ctx, sessions) => sessions.regenerate(ctx),
  '/confirm': (ctx, sessions) => sessions.confirm(ctx),
  '/touch': (ctx, sessions) => sessions.touch(ctx),
  '/touch-more': (ctx, sessions) => {
    ctx.session.more = Math.random()
    return sessions.touch(ctx)
  },
  '/max-age': (ctx) => void (ctx.session.maxAge = 1_000_000),
}

/** A site of which every path does one thing with its session. */
export function explained(options: SessionOptions, app = createApp()): ExplainedSite {
  let last: SessionExplanation | undefined
  let end = (): void => undefined
  const middleware = session(options, app)
  const { sessions } = middleware
  app.use(async (ctx, next) => {
    await next().finally(() => {
      last = sessions.explain(ctx)
      end()
    })
  })
  app.use(middleware)
  app.use(async (ctx) => {
    ctx.body = ''
    await HANDLERS[ctx.path](ctx, sessions)
  })
  const jar = new CookieJar()
  const visitor = new Visitor(app, jar)
  const get = async (path = '/', cookie?: string): Promise<SessionExplanation> => {
    // A handler may answer before it is done.
    const ended = new Promise<void>((resolve) => (end = resolve))
    await visitor.get(path, cookie === undefined ? {} : { cookie })
    await ended
    return last as SessionExplanation
  }
  return { app, jar, sessions, get }
}

/** The same browser at another site. */
export function at(other: ExplainedSite, { jar }: ExplainedSite): ExplainedSite {
  for (const [name, value] of jar.values) other.jar.values.set(name, value)
  return other
}
