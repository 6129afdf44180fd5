import type { ServerResponse } from 'node:http'
import type { Context } from 'koa'
import onHeaders from 'on-headers'

/**
 * Keeps the session's cookies on an error response: Koa's `onerror` removes every header before it answers. Only lines
 * of this session come back, and only where nobody has set that cookie meanwhile.
 */
export function keepCookies(ctx: Context, name: string): void {
  if (ctx.headerSent) return
  const own = linesOf(ctx.res).filter((line) => line.startsWith(`${name}=`) || line.startsWith(`${name}.sig=`))
  if (own.length === 0) return
  onHeaders(ctx.res, function restoreSessionCookies(this: ServerResponse) {
    const present = linesOf(this)
    const missing = own.filter((line) => !present.some((other) => cookieName(other) === cookieName(line)))
    if (missing.length > 0) this.setHeader('Set-Cookie', [...present, ...missing])
  })
}

function linesOf(res: ServerResponse): string[] {
  const header = res.getHeader('Set-Cookie')
  if (header === undefined) return []
  return Array.isArray(header) ? header : [String(header)]
}

function cookieName(line: string): string {
  return line.slice(0, line.indexOf('='))
}
