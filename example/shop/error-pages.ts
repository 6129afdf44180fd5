import { STATUS_CODES } from 'node:http'
import type { Context, Next } from 'koa'
import { errorPage } from './pages/error-page'
import type { ShopSession } from './sessions'

/** Answers errors with a page. It comes before the sessions, so that they are committed when it does. */
export async function errorPages(ctx: Context, next: Next): Promise<void> {
  try {
    await next()
    if (ctx.status === 404 && !ctx.body) show(ctx, 404)
  } catch (error) {
    const status = statusOf(error)
    if (status >= 500) ctx.app.emit('error', error, ctx)
    show(ctx, status)
  }
}

/** A page for people, JSON for programs that ask for it. */
function show(ctx: Context, status: number): void {
  ctx.status = status
  if (ctx.accepts('html', 'json') === 'json') ctx.body = { error: STATUS_CODES[status] }
  else ctx.body = errorPage(status, sessionOf(ctx), pageOf(ctx))
}

/** Where the visitor is: a form is sent to an address that is no page. */
function pageOf(ctx: Context): string {
  if (ctx.method === 'GET') return ctx.path
  const referrer = ctx.get('referer')
  return URL.canParse(referrer) ? new URL(referrer).pathname : '/'
}

/** Where even the session is in trouble, the page does without. */
function sessionOf(ctx: Context): ShopSession | undefined {
  try {
    return (ctx.session as ShopSession | null) ?? undefined
  } catch {
    return undefined
  }
}

/** routing-controllers calls it `httpCode`, Koa and its middleware `status`. */
function statusOf(error: unknown): number {
  const { httpCode, status } = (error ?? {}) as { httpCode?: number; status?: number }
  return httpCode ?? status ?? 500
}
