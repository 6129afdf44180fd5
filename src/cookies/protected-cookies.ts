import type { Context } from 'koa'
import { SessionError } from '../base/errors'
import { removeLines, setCookieLines } from './cookie-lines'

type Others = Readonly<Record<string, unknown>> | undefined

/**
 * Takes back a cookie that was to be encrypted, and went to the response as it is: a `ctx.cookies` that only wraps Koa's knows
 * nothing of that option of Egg's.
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS`
 */
export function checkHonoured(ctx: Context, name: string, token: string, others: Others): void {
  if (!others?.encrypt || token === '') return
  if (!setCookieLines(ctx.res).some((line) => line.includes(`=${token}`))) return
  removeLines(ctx.res, [name, `${name}.sig`])
  throw unhonoured(name)
}

/** @throws {SessionError} `ERR_SESSION_OPTIONS` for a cookie that was to be encrypted, and that nobody would encrypt */
export function refuseUnhonoured(name: string, others: Others): void {
  if (others?.encrypt) throw unhonoured(name)
}

function unhonoured(name: string): SessionError {
  return new SessionError(
    'ERR_SESSION_OPTIONS',
    `The session cookie "${name}" has the option "encrypt", and the ctx.cookies of this request did not encrypt it. Leave ` +
      'that option out, and set codec: sealed({ keys }). With a store, the cookie is an id and has no data in it.',
  )
}
