import type { ServerResponse } from 'node:http'
import type { Context } from 'koa'
import onHeaders from 'on-headers'
import { ContextSlot } from '../base/context-slot'
import { setCookieLines } from './cookie-lines'

/** Where a context keeps the names of the cookies. */
const KEPT = new ContextSlot<Set<string>>('kept cookies')

/**
 * Keeps the session's cookies on an error response: Koa's `onerror` removes every header before it answers. Only lines
 * of this session come back, and only where nobody has set that cookie meanwhile.
 */
export function keepCookiesOnError(ctx: Context, name: string): void {
  const names = KEPT.of(ctx)
  if (names) {
    names.add(name)
    return
  }
  const kept = KEPT.set(ctx, new Set([name]))
  const onerror = ctx.onerror
  ctx.onerror = function keepSessionCookies(this: Context, error: Error) {
    if (error !== null && error !== undefined && !this.headerSent) restoreLater(this.res, kept)
    onerror.call(this, error)
  }
}

function restoreLater(res: ServerResponse, names: ReadonlySet<string>): void {
  const own = setCookieLines(res).filter((line) => isOneOf(cookieName(line), names))
  if (own.length === 0) return
  onHeaders(res, function restoreSessionCookies(this: ServerResponse) {
    const present = setCookieLines(this)
    const missing = own.filter((line) => !present.some((other) => cookieName(other) === cookieName(line)))
    if (missing.length > 0) this.setHeader('Set-Cookie', [...present, ...missing])
  })
}

function cookieName(line: string): string {
  return line.slice(0, line.indexOf('='))
}

/** Whether a cookie is a session's own, the signature of one, or a further piece of one: `sess.1` can be each. */
function isOneOf(name: string, names: ReadonlySet<string>): boolean {
  const unsigned = name.replace(/\.sig$/, '')
  return [name, unsigned, unsigned.replace(/\.\d{1,2}$/, '')].some((candidate) => names.has(candidate))
}
