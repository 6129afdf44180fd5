import { inspect } from 'node:util'
import type { Awaitable } from '../base/awaitable'
import { SessionError } from '../base/errors'
import { nearestName } from '../base/nearest-name'
import { SessionService } from '../service'
import { isPopulated, isSet, type ServiceClass } from './session-access'

/** What a handler may require of the session that it is given: the options of every decorator. */
export interface SessionRequirements<Value = unknown> {
  /**
   * Refuses with 401 and `ERR_SESSION_REQUIRED`: `true` where there is no session with data in it, or no value of the
   * key; a function where it returns false. An accessor cannot wait, so that its function returns no promise.
   * Default: false.
   */
  required?: boolean | ((value: Value) => Awaitable<boolean>)
  /**
   * Refuses with 403 and `ERR_SESSION_NOT_FRESH` where the visitor has not proved who they are within so many milliseconds,
   * by a sign-in or by {@link SessionService.confirm}. Implies `required`. Default: no such bound.
   */
  fresh?: number | Freshness
  /** Refuses with 403 and `ERR_SESSION_NOT_BOUND` where the session is bound to no device. Default: false. */
  bound?: boolean
  /** The service whose session is meant, in an app that has several. Default: `SessionService`. */
  from?: ServiceClass
}

/** How recent the last sign-in or confirmation must be. */
export interface Freshness {
  /** In milliseconds. */
  within: number
  /** By what, as `confirm({ method })` was told. Default: by anything. */
  method?: string
}

/** The same, once it was checked. */
export interface Requirements {
  readonly from: ServiceClass
  /** The key whose value is meant; undefined for the whole session. */
  readonly key: string | undefined
  readonly required: ((value: unknown) => Awaitable<boolean>) | undefined
  readonly fresh: Freshness | undefined
  readonly bound: boolean
}

/** What an option takes, as a check and in words. */
type Rules = Record<string, { isGood: (value: unknown) => boolean; takes: string }>

const isTime = (value: unknown): boolean => typeof value === 'number' && value > 0

const FRESHNESS: Rules = {
  within: { isGood: isTime, takes: 'a positive number of milliseconds' },
  method: { isGood: (value) => typeof value === 'string', takes: 'a text' },
}

const RULES: Rules = {
  required: { isGood: (value) => ['boolean', 'function'].includes(typeof value), takes: 'a boolean or a function' },
  fresh: {
    isGood: (value) => isTime(value) || isObject(value),
    takes: 'a positive number of milliseconds, or { within, method }',
  },
  bound: { isGood: (value) => typeof value === 'boolean', takes: 'a boolean' },
  from: { isGood: isServiceClass, takes: 'SessionService, or a class that extends it' },
}

/**
 * Checks what a decorator was given, at once and not when a visitor comes: a mistake leaves no route open.
 *
 * @param door the decorator, as messages call it
 * @throws {SessionError} `ERR_SESSION_OPTIONS` for an option that is unknown or malformed
 */
export function checkRequirements(door: string, key?: string, options: unknown = {}): Requirements {
  checkAll(door, options, RULES)
  const { required, fresh, bound = false, from = SessionService } = options as SessionRequirements<never>
  const freshness = freshnessOf(door, fresh)
  const isThere = key === undefined ? isPopulated : isSet
  return { key, from, bound, fresh: freshness, required: requirement(required, isThere, freshness !== undefined) }
}

function freshnessOf(door: string, fresh: number | Freshness | undefined): Freshness | undefined {
  if (fresh === undefined) return undefined
  const { within, method } = typeof fresh === 'number' ? { within: fresh } : fresh
  checkAll(door, fresh === within ? { within } : fresh, FRESHNESS, 'fresh.')
  if (within === undefined) throw wrong(door, `fresh: ${inspect(fresh)}`, RULES.fresh.takes)
  return { within, method }
}

/** Without a session nobody has proved anything: what is to be fresh has to be there. */
function requirement(
  required: SessionRequirements<never>['required'],
  isThere: (value: unknown) => boolean,
  isImplied: boolean,
): Requirements['required'] {
  if (typeof required !== 'function') return required || isImplied ? isThere : undefined
  return (value) => isThere(value) && required(value as never)
}

function checkAll(door: string, options: unknown, rules: Rules, prefix = ''): void {
  if (!isObject(options)) throw wrong(door, describe(options), `an object with ${listed(rules)}`)
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (!rule) throw unknown(door, `${prefix}${name}`, nearestName(name, Object.keys(rules)), rules)
    if (value !== undefined && !rule.isGood(value)) throw wrong(door, `${prefix}${name}: ${inspect(value)}`, rule.takes)
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isServiceClass(value: unknown): boolean {
  return value === SessionService || (value as typeof Object | null)?.prototype instanceof SessionService
}

function describe(options: unknown): string {
  return Array.isArray(options) ? 'a list' : `an argument of type ${options === null ? 'null' : typeof options}`
}

function listed(rules: Rules): string {
  return Object.keys(rules)
    .map((name) => `"${name}"`)
    .join(', ')
}

function unknown(door: string, name: string, nearest: string | undefined, rules: Rules): SessionError {
  const guess = nearest === undefined ? '' : ` Did you mean "${nearest}"?`
  return new SessionError(
    'ERR_SESSION_OPTIONS',
    `${door} was given the option "${name}", which there is not.${guess} It takes ${listed(rules)}.`,
  )
}

function wrong(door: string, given: string, takes: string): SessionError {
  return new SessionError('ERR_SESSION_OPTIONS', `${door} was given ${given}. It takes ${takes}.`)
}
