import { inspect } from 'node:util'
import type { Context } from 'koa'
import type { Awaitable } from '../base/awaitable'
import { SessionError } from '../base/errors'
import { SessionService } from '../service'
import type { Session } from '../session/session'
import { installedService, isPopulated, isSet, notFresh, ownValue, refused, type ServiceClass } from './session-access'

/** What a decorated accessor or method needs of the session, once its options were checked. */
export interface Needs {
  readonly from: ServiceClass
  /** The key whose value is meant; undefined for the whole session. */
  readonly key: string | undefined
  readonly required: ((value: unknown) => Awaitable<boolean>) | undefined
  /** In milliseconds. */
  readonly fresh: number | undefined
}

/** What each option takes. */
const CHECKS: Record<string, { isGood: (value: unknown) => boolean; takes: string }> = {
  required: { isGood: (value) => ['boolean', 'function'].includes(typeof value), takes: 'a boolean or a function' },
  fresh: { isGood: (value) => typeof value === 'number' && value > 0, takes: 'a positive number of milliseconds' },
  from: { isGood: isServiceClass, takes: 'SessionService, or a class that extends it' },
}

/** @throws {SessionError} `ERR_SESSION_OPTIONS` for options that cannot be */
export function checkedNeeds(key: string | undefined, options: unknown = {}): Needs {
  if (typeof options !== 'object' || options === null) {
    throw wrong(`an argument of type ${typeof options}`, 'a key, or an object of options')
  }
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name] : undefined
    if (!check) throw wrong(`the option "${name}"`, '"required", "fresh" and "from"')
    if (value !== undefined && !check.isGood(value)) throw wrong(`${name}: ${inspect(value)}`, check.takes)
  }
  const { required, fresh, from = SessionService } = options as Partial<Record<keyof Needs, never>>
  return { key, fresh, from, required: requirement(required, key === undefined ? isPopulated : isSet) }
}

/** The session, or the value of the key that is meant. */
export function valueOf(session: Session<object> | null, { key }: Needs): unknown {
  return key === undefined ? session : ownValue(session, key)
}

/** @throws {SessionError} `ERR_SESSION_REQUIRED` unless the answer of `required` is yes */
export function checkRequired(isAccepted: boolean): void {
  if (!isAccepted) throw refused()
}

/** @throws {SessionError} `ERR_SESSION_NOT_FRESH` where the visitor has not confirmed who they are within the time */
export function checkFresh({ from, fresh }: Needs, ctx: Context): void {
  if (fresh === undefined) return
  if (!installedService(from, ctx).isFresh(fresh, {}, ctx)) throw notFresh()
}

function requirement(
  required: boolean | ((value: unknown) => Awaitable<boolean>) | undefined,
  isThere: (value: unknown) => boolean,
): Needs['required'] {
  if (typeof required !== 'function') return required ? isThere : undefined
  return (value) => isThere(value) && required(value)
}

function isServiceClass(value: unknown): boolean {
  return value === SessionService || (value as typeof Object | null)?.prototype instanceof SessionService
}

function wrong(given: string, takes: string): SessionError {
  return new SessionError('ERR_SESSION_OPTIONS', `@session was given ${given}. It takes ${takes}.`)
}
