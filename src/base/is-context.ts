import type { Context } from 'koa'
import { SessionError } from './errors'

/** Whether a value is the context of a request, which may stand where a verb's options can be left out. */
export function isContext(value: unknown): value is Context {
  return typeof value === 'object' && value !== null && 'app' in value && 'req' in value
}

/** @throws {SessionError} `ERR_SESSION_BAD_VALUE` for what is no context */
export function checkContext(ctx: unknown): void {
  if (isContext(ctx)) return
  throw new SessionError(
    'ERR_SESSION_BAD_VALUE',
    `The session service was given ${ctx === null ? 'null' : `a value of type ${typeof ctx}`} in the place of a ctx. Pass the ctx that ` +
      'Koa hands to a middleware; or leave it out, with the option asyncLocalStorage: true.',
  )
}
