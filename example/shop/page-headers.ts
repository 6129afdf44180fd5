import type { Context, Next } from 'koa'

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "connect-src 'self'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Every page is HTML. It runs no script but the site's own file, and loads nothing from elsewhere. */
export async function pageHeaders(ctx: Context, next: Next): Promise<void> {
  ctx.type = 'html'
  ctx.set({
    'Content-Security-Policy': POLICY,
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  })
  await next()
}
