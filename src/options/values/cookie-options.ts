import type { Context } from 'koa'
import { RecentMap } from '../../base/recent-map'
import type { CookieAttributes } from '../../contracts/cookie-attributes'
import { checkForRequest, type AttributeValues } from '../checks/cookie-checks'

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

/** Attributes that were found to be good for a cookie. */
interface Accepted {
  readonly values: readonly unknown[]
  readonly isSecure: boolean | undefined
  readonly attributes: CookieAttributes
}

/** The last ones of each cookie name: the next request's are mostly the same, and need neither a check nor an object. */
const lastAccepted = new RecentMap<Accepted>(100)

/**
 * The attributes of the cookie, as the options have them for this request.
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS` for what construction would have refused as a fixed attribute
 */
export function cookieAttributes(options: CookieOptions & { key?: string }, ctx: Context): CookieAttributes {
  const { key = '' } = options
  const values = COOKIE_ATTRIBUTES.map((name) => valueOf(options[name], ctx))
  const isSecure = values[SECURE] === 'auto' ? ctx.secure : undefined
  const last = lastAccepted.get(key)
  if (last?.isSecure === isSecure && last?.values.every((value, index) => value === values[index])) {
    return last.attributes
  }
  const given = namedValues(values)
  checkForRequest(key, given)
  const attributes = Object.freeze(isSecure === undefined ? given : { ...given, secure: isSecure }) as CookieAttributes
  lastAccepted.set(key, { values, isSecure, attributes })
  return attributes
}

const SECURE = COOKIE_ATTRIBUTES.indexOf('secure')

function valueOf(option: unknown, ctx: Context): unknown {
  return typeof option === 'function' ? (option as (ctx: Context) => unknown)(ctx) : option
}

/** An attribute that is undefined would hide the default that the `cookies` package has for it. */
function namedValues(values: readonly unknown[]): AttributeValues {
  const named = COOKIE_ATTRIBUTES.map((name, index) => [name, values[index]] as const)
  return Object.fromEntries(named.filter(([, value]) => value !== undefined && value !== null))
}

/** Whether the attributes are the same for every request. */
export function areFixed(options: CookieOptions): boolean {
  return COOKIE_ATTRIBUTES.every((name) => typeof options[name] !== 'function' && options[name] !== 'auto')
}
