import type { Context, Next } from 'koa'
import { errorPage } from './pages/error-page'

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

function show(ctx: Context, status: number): void {
  ctx.status = status
  ctx.body = errorPage(status)
}

/** routing-controllers calls it `httpCode`, Koa and its middleware `status`. */
function statusOf(error: unknown): number {
  const { httpCode, status } = (error ?? {}) as { httpCode?: number; status?: number }
  return httpCode ?? status ?? 500
}
