import type Koa from 'koa'
import type { Context } from 'koa'
import onHeaders from 'on-headers'
import session, { type SessionOptions, type SessionService } from 'koa-session-service'
import { createApp } from '../app/app'
import { Wire } from './wire'

type Handler = (ctx: Context, sessions: SessionService) => unknown

/** A process: an app with a service of its own, whose answers say what the session is. */
export class Process {
  readonly app: Koa = createApp()
  readonly wire: Wire
  readonly sessions: SessionService

  /** @param onSent called when the headers of an answer go out */
  constructor(
    options: SessionOptions,
    handlers: Record<string, Handler>,
    onSent: (ctx: Context) => void = () => undefined,
  ) {
    this.app.use(async (ctx, next) => {
      // Listeners that came first are told last: all that is to be said stands in the headers by then.
      onHeaders(ctx.res, () => onSent(ctx))
      await next()
    })
    const middleware = session(options, this.app)
    this.sessions = middleware.sessions
    this.app.use(middleware)
    this.app.use(async (ctx) => {
      await handlers[ctx.path]?.(ctx, this.sessions)
      ctx.body = { data: ctx.session }
    })
    this.wire = new Wire(this.app)
  }
}

/** The value that a response sets a cookie to; undefined where it sets none, or clears it. */
export function cookieSetBy(ctx: Context, name = 'koa.sess'): string | undefined {
  const lines = ([] as unknown[]).concat(ctx.res.getHeader('set-cookie') ?? []).map(String)
  const line = lines.find((text) => text.startsWith(`${name}=`))
  return /=([^;]+)/.exec(line?.split(';')[0] ?? '')?.[1]
}
