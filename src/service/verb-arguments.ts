import type { Context } from 'koa'
import { SessionError } from '../base/errors'
import { checkContext, isContext } from '../base/is-context'

/** What {@link SessionService.regenerate} takes. */
export interface RegenerateOptions {
  /** Whether the data come along. Default: true. */
  keepData?: boolean
}

/** The ctx of a verb that has options and a ctx, both of which may be left out: one in the place of the options is the ctx. */
export function ctxAmong(first: object | undefined, second: Context | undefined): Context | undefined {
  return isContext(first) ? first : second
}

/**
 * The options of such a verb; none where the ctx stands in their place.
 *
 * @param form the verb as one writes it
 * @param names the names of its options
 * @throws {SessionError} `ERR_SESSION_BAD_VALUE` for something that is neither, and for an option that there is not
 */
export function optionsAmong<Options extends object>(
  form: `sessions.${string}`,
  names: readonly (keyof Options & string)[],
  first: Options | Context | undefined,
): Options {
  if (first === undefined || isContext(first)) return {} as Options
  const takes = `${form} takes an object of ${names.join(' and ')}, or the ctx, or both in this order`
  if (first === null || typeof first !== 'object' || Array.isArray(first)) {
    throw badValue(`${takes}: not ${first === null ? 'null' : `a value of type ${typeof first}`}.`)
  }
  const unknown = Object.keys(first).find((name) => !names.includes(name as keyof Options & string))
  if (unknown !== undefined) throw badValue(`${takes}: there is no "${unknown}".`)
  return first
}

/**
 * What such a verb is given that is about an owner's sessions: `(options?, ctx?)`, or the account first, `(owner, options?, ctx?)`.
 *
 * @throws {SessionError} `ERR_SESSION_BAD_VALUE` as {@link optionsAmong}
 */
export function ownedArguments<Options extends { owner?: string | number }>(
  form: `sessions.${string}`,
  names: readonly (keyof Options & string)[],
  given: readonly unknown[],
): { options: Options; ctx: Context | undefined } {
  const [owner, rest] = isAccount(given[0]) ? [given[0], given.slice(1)] : [undefined, given]
  const others = rest.filter((value) => value !== undefined && !isContext(value))
  // What comes behind the options can be the ctx alone.
  if (others.length > 1) checkContext(others[1])
  const options = optionsAmong<Options>(form, names, others[0] as Options | undefined)
  return {
    options: owner === undefined ? options : { ...options, owner },
    ctx: ctxOf(rest),
  }
}

/** The ctx among what a verb is given. */
export function ctxOf(given: readonly unknown[]): Context | undefined {
  for (const value of given) if (isContext(value)) return value
  return undefined
}

function isAccount(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}

function badValue(message: string): SessionError {
  return new SessionError('ERR_SESSION_BAD_VALUE', message)
}
