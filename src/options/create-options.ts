import { warnAlways } from '../base/warning'
import type { SessionData } from '../session/session'
import { isOption, nameUnknown } from './option-checks'
import type { SessionOptions } from './options'

/** {@link SessionOptions} under the name that koa-session 7 has for what its function takes. */
export type CreateSessionOptions<Data extends object = SessionData> = SessionOptions<Data>

/** As koa-session's own types have it, `sameSite` may be any text: it is checked when the session is made. */
export type LooseOptions<Data extends object = SessionData> = Omit<SessionOptions<Data>, 'sameSite'> & {
  sameSite?: SessionOptions<Data>['sameSite'] | (string & {})
}

/** The options without those that are unknown, each of which is told of once. */
export function withoutUnknown<Data extends object>(given: LooseOptions<Data>): SessionOptions<Data> {
  if (typeof given !== 'object' || given === null) return given
  const entries = Object.entries(given)
  for (const [name] of entries) {
    if (!isOption(name)) warnAlways(`option ${name}`, `${nameUnknown(name)} It has no effect.`)
  }
  return Object.fromEntries(entries.filter(([name]) => isOption(name)))
}
