import { disregard } from '../../base/awaitable'
import { isSameSiteNone, type CookieAttributes } from '../../contracts/cookie-attributes'
import { rulesOfName } from '../../cookies/name-prefixes'
import { anyCaseOf, anyOf, BOOLEAN, describe, invalid, isFunction, matches, oneOf, refuse, type Rule } from './rules'

/** What each attribute of the cookie takes. */
const ATTRIBUTE_RULES: Record<keyof CookieAttributes, Rule> = {
  httpOnly: BOOLEAN,
  signed: BOOLEAN,
  overwrite: BOOLEAN,
  secure: ["true, false or 'auto'", oneOf(true, false, 'auto')],
  sameSite: ["'strict', 'lax', 'none', true or false", anyOf(anyCaseOf('strict', 'lax', 'none'), BOOLEAN[1])],
  domain: ['a domain name', matches(/^\.?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i)],
  path: ['a path that begins with "/"', matches(/^\/[ -:=-~]*$/)],
  partitioned: BOOLEAN,
  priority: ["'low', 'medium' or 'high'", anyCaseOf('low', 'medium', 'high')],
  expires: ['a Date', (value) => value instanceof Date && !Number.isNaN(value.getTime())],
}

/** The same rules for the options, each of which can also be a function of the request's context. */
export const COOKIE_OPTION_RULES = Object.fromEntries(
  Object.entries(ATTRIBUTE_RULES).map(([name, [allowed, check]]) => [
    name,
    [`${allowed}, or a function of ctx`, anyOf(check, isFunction)] as const,
  ]),
) as typeof ATTRIBUTE_RULES

/** The attributes before `'auto'` is decided; at construction, some of them may be functions. */
export type AttributeValues = { readonly [Name in keyof CookieAttributes]?: unknown }

/** Throws where browsers would refuse the cookie: attributes that are good by themselves, and not together. */
export function checkCookie(key: string, attributes: AttributeValues): void {
  const { secure, httpOnly, sameSite, partitioned, path, domain } = attributes
  refuse(
    !secure && isSameSiteNone(sameSite),
    `The session option "sameSite" is ${describe(sameSite)}, and browsers refuse a cookie with SameSite=None that is not ` +
      'Secure. Add secure: true.',
  )
  refuse(
    partitioned && !secure,
    'The session option "partitioned" is set, and browsers refuse a cookie that is Partitioned and not Secure. ' +
      'Add secure: true.',
  )
  const { needsSecure, needsHttpOnly, needsOneHost } = rulesOfName(key)
  refuse(
    needsSecure && !secure,
    `Browsers refuse the cookie "${key}" without Secure. Add secure: true; for plain HTTP in development, give it a key ` +
      'without that prefix as well.',
  )
  refuse(
    needsHttpOnly && httpOnly === false,
    `Browsers refuse the cookie "${key}" without HttpOnly. Leave out httpOnly: false.`,
  )
  refuse(
    needsOneHost && ((domain ?? undefined) !== undefined || (path ?? '/') !== '/'),
    `Browsers refuse the cookie "${key}" with a domain, or with a path other than "/". Leave out domain and path.`,
  )
}

/** Throws at the first attribute that this request cannot have, as construction does at fixed ones. */
export function checkForRequest(key: string, attributes: AttributeValues): void {
  for (const [name, [allowed, check]] of Object.entries(ATTRIBUTE_RULES)) {
    const value = attributes[name as keyof CookieAttributes]
    if (value === undefined || value === null || check(value)) continue
    disregard(value)
    throw invalid(`The session option "${name}" is ${describe(value)} for this request. It takes ${allowed}.`)
  }
  checkCookie(key, attributes)
}
