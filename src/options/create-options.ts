import type Koa from 'koa'
import { warnAlways } from '../base/warning'
import { hasOwnCookies } from '../cookies/koa-cookies'
import type { SessionData } from '../session/session'
import { isMisspelt, isOption, nameUnknown } from './option-checks'
import type { SessionOptions } from './options'
import { refuse } from './checks/rules'

/** `SessionOptions` under the name that koa-session 7 has for what its function takes. */
export type CreateSessionOptions<Data extends object = SessionData> = SessionOptions<Data>

/** As koa-session's own types have it, `sameSite` may be any text: it is checked when the session is made. */
export type LooseOptions<Data extends object = SessionData> = Omit<SessionOptions<Data>, 'sameSite'> & {
  sameSite?: SessionOptions<Data>['sameSite'] | (string & {})
}

/** Options that are none of ours. An application with a `ctx.cookies` of its own may know them. */
export type OtherOptions = Readonly<Record<string, unknown>>

const NONE: OtherOptions = Object.freeze({})
/** What the `cookies` package would take for the cookie's own name and value. */
const OF_COOKIES: ReadonlySet<string> = new Set(['name', 'value'])
/** The others beside options that {@link withoutUnknown} has made: what is checked and resolved are ours alone. */
const OTHERS = new WeakMap<object, OtherOptions>()

/** The options that stood beside these, and are none of ours. */
export function othersBeside(options: object): OtherOptions {
  return OTHERS.get(options) ?? NONE
}

/**
 * The options without those that are unknown. An application with a `ctx.cookies` of its own is taken at its word: they are
 * for these, as in koa-session. Koa's own do nothing with them, so that each is told of once.
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS` for an option that protects the cookie, where nobody would honour it
 */
export function withoutUnknown<Data extends object>(
  given: LooseOptions<Data>,
  app: Koa | undefined,
): SessionOptions<Data> {
  if (typeof given !== 'object' || given === null) return given
  const isForCookies = hasOwnCookies(app)
  const entries = Object.entries(given)
  const others = entries.filter(([name]) => !isOption(name))
  for (const [name, value] of others) {
    if (!isForCookies) refuse(name === 'encrypt' && value, `${nameUnknown(name)} Koa's ctx.cookies would not encrypt.`)
    if (!isForCookies) warnAlways(`option ${name}`, `${nameUnknown(name)} It has no effect.`)
    else if (isMisspelt(name)) warnAlways(`option ${name}`, `${nameUnknown(name)} It is handed on to ctx.cookies.`)
  }
  const known = Object.fromEntries(entries.filter(([name]) => isOption(name))) as SessionOptions<Data>
  const handedOn = others.filter(([name]) => !OF_COOKIES.has(name))
  if (handedOn.length > 0) OTHERS.set(known, Object.freeze(Object.fromEntries(handedOn)))
  return known
}
