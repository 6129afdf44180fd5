import type { Context } from 'koa'
import { SessionError } from '../base/errors'
import { isContext } from '../base/is-context'

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
  if (first === undefined || first === null || isContext(first)) return {} as Options
  const takes = `${form} takes an object of ${names.join(' and ')}, or the ctx, or both in this order`
  if (typeof first !== 'object' || Array.isArray(first))
    throw badValue(`${takes}: not a value of type ${typeof first}.`)
  const unknown = Object.keys(first).find((name) => !names.includes(name as keyof Options & string))
  if (unknown !== undefined) throw badValue(`${takes}: there is no "${unknown}".`)
  return first
}

function badValue(message: string): SessionError {
  return new SessionError('ERR_SESSION_BAD_VALUE', message)
}
