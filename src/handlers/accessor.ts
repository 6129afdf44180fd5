import type { Context } from 'koa'
import { atOnce } from '../base/awaitable'
import { SessionError } from '../base/errors'
import { requestAround } from '../request/scope/current-request'
import type { Session } from '../session/session'
import { enforce, valueIn } from './require-session'
import type { Requirements } from './requirements'
import { installedService } from './session-access'

/** What takes an accessor's place. */
export interface Accessor {
  get(this: unknown): unknown
  set(this: unknown, value: unknown): void
}

/** An accessor that is the session of the request around it, or the value of a key. */
export function accessor(requirements: Requirements): Accessor {
  const { key } = requirements
  return {
    get() {
      const ctx = requestAround()
      const value = valueIn(sessionOf(ctx, requirements), requirements)
      atOnce(enforce(requirements, ctx, value), cannotWait)
      return value
    },
    set(value) {
      const ctx = requestAround()
      if (key === undefined) keep(ctx, requirements, value)
      else (sessionOf(ctx, requirements) as unknown as Record<string, unknown>)[key] = value
    },
  }
}

function sessionOf(ctx: Context, { from }: Requirements): Session<object> | null {
  const { property } = installedService(from, ctx).options
  return (ctx as unknown as Record<string, Session<object> | null>)[property]
}

function keep(ctx: Context, { from }: Requirements, value: unknown): void {
  const { property } = installedService(from, ctx).options
  ;(ctx as unknown as Record<string, unknown>)[property] = value
}

function cannotWait(): SessionError {
  return new SessionError(
    'ERR_SESSION_OPTIONS',
    'The function "required" of an accessor returned a promise, and an accessor cannot wait. Return a boolean, or put ' +
      '@session({ required }) on an async method.',
  )
}
