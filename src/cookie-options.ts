import type { Context } from 'koa'
import type { CookieAttributes } from './contracts/cookie-attributes'

/** A value, or a function that chooses it for each request. */
export type PerRequest<T> = T | ((ctx: Context) => T)

/** The cookie attributes as options: each can be a function of the request's context. */
export type CookieOptions = {
  [Name in keyof Omit<CookieAttributes, 'secure'>]: PerRequest<CookieAttributes[Name]>
} & {
  /** Sends the cookie over HTTPS only; `'auto'`: as the connection is. Behind a proxy, set `app.proxy`. */
  secure?: PerRequest<boolean | 'auto'>
}

/** The names of the cookie's attributes. */
export const COOKIE_ATTRIBUTES = [
  'httpOnly',
  'signed',
  'overwrite',
  'secure',
  'sameSite',
  'domain',
  'path',
  'partitioned',
  'priority',
  'expires',
] as const satisfies readonly (keyof CookieAttributes)[]

/** The attributes of the cookie, as the options have them for this request. */
export function cookieAttributes(options: CookieOptions, ctx: Context): CookieAttributes {
  const attributes: Record<string, unknown> = {}
  for (const name of COOKIE_ATTRIBUTES) {
    const option: unknown = options[name]
    const value: unknown = typeof option === 'function' ? (option as (ctx: Context) => unknown)(ctx) : option
    // An attribute that is undefined would hide the default that the `cookies` package has for it.
    if (value !== undefined && value !== null) attributes[name] = value === 'auto' ? ctx.secure : value
  }
  return attributes
}

/** Whether the attributes are the same for every request. */
export function areFixed(options: CookieOptions): boolean {
  return COOKIE_ATTRIBUTES.every((name) => typeof options[name] !== 'function' && options[name] !== 'auto')
}
