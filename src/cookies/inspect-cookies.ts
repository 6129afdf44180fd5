import type Koa from 'koa'
import type { Context } from 'koa'
import { findCookies } from './cookie-header'
import { isReplaced, type KoaCookies } from './koa-cookies'
import { Signatures, type SignatureKeys } from './signatures'

/** A cookie of a session that a request brought, and what is wrong with it before anybody opens it. */
export interface InspectedCookie {
  readonly cookie: string
  readonly value: string
  readonly fault: 'unsigned' | 'bad-signature' | undefined
}

/** Looks at every cookie of these names. It verifies each signature anew: for who asks why, and not for opening a session. */
export function inspectCookies(
  header: string,
  names: readonly string[],
  keys: SignatureKeys | undefined,
): InspectedCookie[] {
  return names.flatMap((name) => inspect(header, name, keys))
}

/**
 * The keys that a request's cookies are verified with. Undefined where nobody can tell: there are none, or the application
 * has a `ctx.cookies` of its own.
 *
 * @param app the app whose keys count; undefined for the request's own
 */
export function verifyingKeys(ctx: Context, app: Pick<Koa, 'keys'> | undefined): SignatureKeys | undefined {
  const own = app && app !== ctx.app ? app.keys : undefined
  // Koa makes no cookies where its list of keys is empty.
  if (!isUsable(own ?? ctx.app.keys ?? ['koa'])) return undefined
  const cookies = ctx.cookies as KoaCookies
  const keys = own ?? cookies.keys ?? ctx.app.keys
  return isReplaced(cookies) || !isUsable(keys) ? undefined : keys
}

function isUsable(keys: unknown): boolean {
  return Array.isArray(keys) ? keys.length > 0 && keys.every(Boolean) : Boolean(keys)
}

function inspect(header: string, name: string, keys: SignatureKeys | undefined): InspectedCookie[] {
  const found = findCookies(header, name)
  const values = found.values.filter((value) => value !== '')
  if (!keys) return values.map((value) => ({ cookie: name, value, fault: undefined }))
  const { found: matches, isComplete } = new Signatures(name).match(values, found.signatures, keys)
  const good = new Set(matches.map(({ value }) => value))
  const fault = found.signatures.length === 0 ? 'unsigned' : 'bad-signature'
  return values.map((value) => ({ cookie: name, value, fault: good.has(value) || !isComplete ? undefined : fault }))
}
