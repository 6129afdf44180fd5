import { warnAlways } from '../base/warning'
import type { SessionData } from '../session/session'
import { isOption, nameUnknown } from './option-checks'
import type { SessionOptions } from './options'

/**
 * What {@link createSession} takes: as the type of that name in koa-session 7, so that options which were made for it
 * compile, and this library's own.
 */
export interface CreateSessionOptions<Data extends object = SessionData> extends Omit<
  SessionOptions<Data>,
  'sameSite'
> {
  /** `'strict'`, `'lax'` or `'none'`, as koa-session has it: any text, which is checked when the session is made. */
  sameSite?: SessionOptions<Data>['sameSite'] | (string & {})
}

/** The options without those that are unknown, each of which is told of once. */
export function withoutUnknown<Data extends object>(given: CreateSessionOptions<Data>): SessionOptions<Data> {
  if (typeof given !== 'object' || given === null) return given
  const entries = Object.entries(given)
  for (const [name] of entries) {
    if (!isOption(name)) warnAlways(`option ${name}`, `${nameUnknown(name)} It has no effect.`)
  }
  return Object.fromEntries(entries.filter(([name]) => isOption(name)))
}
