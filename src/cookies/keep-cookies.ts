import type { ServerResponse } from 'node:http'
import type { Context } from 'koa'
import onHeaders from 'on-headers'
import { setCookieLines } from './cookie-lines'

/** The session's lines of a response, by the name of their cookie. */
class KeptLines {
  readonly #names: string[] = []
  #lines: Map<string, string> | undefined

  /** The lines of this cookie, its signature and its pieces are the session's. */
  know(name: string): void {
    if (!this.#names.includes(name)) this.#names.push(name)
  }

  /** Takes note of the session's lines as they are on the response now: they are there when its headers go out. */
  note(res: ServerResponse): void {
    if (!this.#lines) onHeaders(res, () => this.restore(res))
    this.#lines ??= new Map()
    for (const line of setCookieLines(res)) {
      const cookie = cookieName(line)
      if (isOneOf(cookie, this.#names)) this.#lines.set(cookie, line)
    }
  }

  forget(cookies: readonly string[]): void {
    for (const cookie of cookies) this.#lines?.delete(cookie)
  }

  /** Puts back what is missing. Where somebody has set the same cookie since, theirs stays. */
  restore(res: ServerResponse): void {
    if (!this.#lines?.size) return
    const present = setCookieLines(res)
    const missing = Array.from(this.#lines).filter(([cookie]) => !present.some((line) => cookieName(line) === cookie))
    if (missing.length > 0) res.setHeader('Set-Cookie', [...present, ...missing.map(([, line]) => line)])
  }

  /** From now on, code that takes these lines off has its way. */
  release(name: string): void {
    if (this.#lines?.size) this.forget(Array.from(this.#lines.keys()).filter((cookie) => isOneOf(cookie, [name])))
  }
}

const KEPT = Symbol('koa-session-service: kept cookies')

type Keeping = ServerResponse & { [KEPT]?: KeptLines }

/**
 * Keeps the session's cookies on the response while the handlers work, whatever replaces or removes them: a proxy that copies
 * the headers of another server, `ctx.set('Set-Cookie', ...)`; and on an error response, for which Koa removes every header.
 */
export function keepCookies(ctx: Context, name: string): void {
  const kept = keptOf(ctx)
  kept.know(name)
  kept.note(ctx.res)
}

/** Keeps the session's cookies on an error response alone: the handlers have done their work. */
export function keepCookiesOnError(ctx: Context, name: string): void {
  keptOf(ctx).know(name)
}

/** The handlers have done their work: what is missing is put back, and an error response alone brings it back from now on. */
export function releaseCookies({ res }: Context, name: string): void {
  const kept = (res as Keeping | undefined)?.[KEPT]
  if (!kept) return
  if (!res.headersSent) kept.restore(res)
  kept.release(name)
}

/** These cookies are no longer to be on the response. */
export function forgetCookies(res: ServerResponse, cookies: readonly string[]): void {
  const kept = (res as Keeping)[KEPT]
  kept?.forget(cookies)
}

function keptOf(ctx: Context): KeptLines {
  const res = ctx.res as Keeping
  const present = res[KEPT]
  if (present) return present
  const kept = (res[KEPT] = new KeptLines())
  const onerror = ctx.onerror
  ctx.onerror = function keepSessionCookies(this: Context, error: Error) {
    if (error !== null && error !== undefined && !this.headerSent) kept.note(this.res)
    onerror.call(this, error)
  }
  return kept
}

function cookieName(line: string): string {
  return line.slice(0, line.indexOf('='))
}

/** Whether a cookie is a session's own, the signature of one, or a further piece of one: `sess.1` can be each. */
function isOneOf(name: string, names: readonly string[]): boolean {
  if (names.includes(name)) return true
  const unsigned = name.replace(/\.sig$/, '')
  return [unsigned, unsigned.replace(/\.\d{1,2}$/, '')].some((candidate) => names.includes(candidate))
}
