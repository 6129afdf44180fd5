import type { Context, Next } from 'koa'

/** Every page is HTML, runs no script and loads nothing. */
export async function pageHeaders(ctx: Context, next: Next): Promise<void> {
  ctx.type = 'html'
  ctx.set({
    'Content-Security-Policy':
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  })
  await next()
}
