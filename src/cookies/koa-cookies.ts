import Cookies from 'cookies'
import type Koa from 'koa'
import type { Context } from 'koa'
import type { SignatureKeys } from './signatures'

/** What of `ctx.cookies` is used beside `get` and `set`. */
export type KoaCookies = Context['cookies'] & { keys?: SignatureKeys; secure?: boolean }

/** What the package does before anybody wraps it, for tracing for example. */
const PACKAGE = Cookies.prototype as KoaCookies
const ORIGINAL = { get: PACKAGE.get, set: PACKAGE.set }

/**
 * Tells what `ctx.cookies` is without asking for it: Koa makes it, with keys of its own, when it is first asked for, which
 * costs more than reading a cookie. Koa keeps it under a symbol, which shows when it is given to a context.
 */
export class KoaCookiesSlot {
  #slot: symbol | undefined
  #wasSought = false

  /** Returns the cookies that the request has, Koa's or the application's own; undefined where Koa would make them. */
  of(ctx: Context): KoaCookies | undefined {
    if (!this.#wasSought) this.#seek(ctx)
    if (this.#slot === undefined || Object.hasOwn(ctx, 'cookies') || isReplaced(PACKAGE)) return ctx.cookies
    return (ctx as unknown as Record<symbol, KoaCookies | undefined>)[this.#slot]
  }

  #seek({ app }: Context): void {
    this.#wasSought = true
    if (hasOwnCookies(app)) return
    const probe = Object.create(app.context) as object
    Reflect.set(probe, 'cookies', {})
    this.#slot = Object.getOwnPropertySymbols(probe)[0]
  }
}

/** Whether the application has put cookies of its own in place of Koa's, or wrapped what they do. */
export function isReplaced(cookies: KoaCookies): boolean {
  return cookies.get !== ORIGINAL.get || cookies.set !== ORIGINAL.set
}

/** Whether an app has a `ctx.cookies` of its own for all of its requests, as Egg's has. */
export function hasOwnCookies(app: Koa | undefined): boolean {
  return app?.context !== undefined && Object.hasOwn(app.context, 'cookies')
}
