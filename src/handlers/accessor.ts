import type { Context } from 'koa'
import { isPromise, type Awaitable } from '../base/awaitable'
import { SessionError } from '../base/errors'
import { requestAround } from '../request/scope/current-request'
import type { Session } from '../session/session'
import { checkFresh, checkRequired, valueOf, type Needs } from './needs'
import { installedService } from './session-access'

/** What takes an accessor's place. */
export interface Accessor {
  get(this: unknown): unknown
  set(this: unknown, value: unknown): void
}

/** An accessor that is the session of the request around it, or the value of a key. */
export function accessor(needs: Needs): Accessor {
  return {
    get() {
      const ctx = requestAround()
      const value = valueOf(sessionOf(ctx, needs), needs)
      if (needs.required) checkRequired(atOnce(needs.required(value)))
      checkFresh(needs, ctx)
      return value
    },
    set(value) {
      const ctx = requestAround()
      if (needs.key === undefined) keep(ctx, needs, value)
      else (sessionOf(ctx, needs) as unknown as Record<string, unknown>)[needs.key] = value
    },
  }
}

function sessionOf(ctx: Context, { from }: Needs): Session<object> | null {
  const { property } = installedService(from, ctx).options
  return (ctx as unknown as Record<string, Session<object> | null>)[property]
}

function keep(ctx: Context, { from }: Needs, value: unknown): void {
  const { property } = installedService(from, ctx).options
  ;(ctx as unknown as Record<string, unknown>)[property] = value
}

function atOnce(answer: Awaitable<boolean>): boolean {
  if (!isPromise(answer)) return answer
  Promise.resolve(answer).catch(() => undefined)
  throw new SessionError(
    'ERR_SESSION_OPTIONS',
    'The function "required" of an accessor returned a promise, and an accessor cannot wait. Return a boolean, or put ' +
      '@session({ required }) on an async method.',
  )
}
