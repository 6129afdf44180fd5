import { isPromise } from '../../base/awaitable'
import { SessionError } from '../../base/errors'

export type Check = (value: unknown) => boolean
/** What an option takes, in words and as a check. */
export type Rule = readonly [allowed: string, check: Check]

export const isFunction: Check = (value) => typeof value === 'function'

/** Whether a value is an object with these methods. */
export const hasMethods =
  (...names: string[]): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    names.every((name) => isFunction((value as Record<string, unknown>)[name]))

export const isClassWith =
  (...names: string[]): Check =>
  (value) =>
    typeof value === 'function' && hasMethods(...names)((value as { prototype?: unknown }).prototype)

export const matches =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value)

export const anyOf =
  (...checks: Check[]): Check =>
  (value) =>
    checks.some((check) => check(value))

export const oneOf =
  (...values: unknown[]): Check =>
  (value) =>
    values.includes(value)

/** Whether a value is one of these words in any case, as the `cookies` package takes them. */
export const anyCaseOf =
  (...words: string[]): Check =>
  (value) =>
    typeof value === 'string' && words.includes(value.toLowerCase())

export const BOOLEAN: Rule = ['true or false', (value) => typeof value === 'boolean']
export const FUNCTION: Rule = ['a function', isFunction]

export function refuse(condition: unknown, message: string): void {
  if (condition) throw invalid(message)
}

export function invalid(message: string): SessionError {
  return new SessionError('ERR_SESSION_OPTIONS', message)
}

/** An address with a password in it: "redis://user:password@host". */
const MAY_HOLD_PASSWORD = /[:/].*@/s
/** Longer texts are keys, tokens or whole files. */
const MAX_REPEATED = 100

/** A value in words. What an object holds is not told, nor is such a text: it may be a secret. */
export function describe(value: unknown): string {
  if (typeof value === 'string') {
    return value.length > MAX_REPEATED || MAY_HOLD_PASSWORD.test(value) ? 'a text' : JSON.stringify(value)
  }
  if (isPromise(value)) return 'a promise'
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}
