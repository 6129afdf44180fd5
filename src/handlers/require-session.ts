import type { Context } from 'koa'
import { andThen, type Awaitable } from '../base/awaitable'
import { SessionError } from '../base/errors'
import type { Session } from '../session/session'
import type { Requirements } from './requirements'
import { installedService, ownValue } from './session-access'

/** Loads the session of a request, and returns it or the value of the key that is meant, if they are as they have to be. */
export function requireLoaded(requirements: Requirements, ctx: Context): Awaitable<unknown> {
  return andThen(installedService(requirements.from, ctx).loaded(ctx), (session) => {
    const value = valueIn(session, requirements)
    return andThen(enforce(requirements, ctx, value), () => value)
  })
}

/** The session, or the value of the key that is meant. */
export function valueIn(session: Session<object> | null, { key }: Requirements): unknown {
  return key === undefined ? session : ownValue(session, key)
}

/**
 * Refuses the request unless its session is as it has to be: at once, where `required` returns no promise.
 *
 * @throws {SessionError} `ERR_SESSION_REQUIRED` (401), `ERR_SESSION_NOT_FRESH` and `ERR_SESSION_NOT_BOUND` (403)
 */
export function enforce(requirements: Requirements, ctx: Context, value: unknown): Awaitable<void> {
  const { required } = requirements
  if (!required) return checkProofs(requirements, ctx)
  return andThen(required(value), (isAccepted) => {
    if (!isAccepted) throw refused()
    checkProofs(requirements, ctx)
  })
}

function checkProofs({ from, fresh, bound }: Requirements, ctx: Context): void {
  if (!fresh && !bound) return
  const service = installedService(from, ctx)
  if (fresh && !service.isFresh(fresh.within, { method: fresh.method }, ctx)) throw notFresh()
  if (bound && !service.isBound(ctx)) throw notBound()
}

function refused(): SessionError {
  return new SessionError('ERR_SESSION_REQUIRED', 'This needs a session, and the request has none that will do.', {
    status: 401,
  })
}

function notFresh(): SessionError {
  return new SessionError(
    'ERR_SESSION_NOT_FRESH',
    'This needs a visitor who has confirmed who they are a short while ago. Let them sign in again.',
    { status: 403 },
  )
}

function notBound(): SessionError {
  return new SessionError(
    'ERR_SESSION_NOT_BOUND',
    'This needs a session that is bound to its device, and this one is not. Leave out "bound" for browsers that bind none.',
    { status: 403 },
  )
}
