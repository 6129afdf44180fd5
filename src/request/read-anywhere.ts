import type { Context } from 'koa'
import { ContextSlot } from '../base/context-slot'
import { SessionError } from '../base/errors'
import { warnAlways, warnOnce } from '../base/warning'
import { readBy, type SessionModel, type SessionHost } from '../session/session-model'
import { watchEarlyChange } from './early-change'
import { isCrossSiteAsked } from './scope/cross-site'
import { emitError } from './scope/emit-error'
import { isResponseOver } from './scope/response-state'
import { notLoaded } from './session/state'
import type { RequestSession } from './session/request-session'

/** Where the session of a request comes from. */
export interface SessionSource {
  sessionIn(ctx: Context): RequestSession
  /** Whether requests come through a middleware; without one, `ctx.session` is all that handlers have. */
  isServing(): boolean
  /** Whether a change that is lost is told: not in production. */
  readonly warnsOfLostChanges: boolean
}

/**
 * `ctx.session`, wherever it is read. While the handlers run that the middleware has called, what goes wrong is the error of
 * the request. Anywhere else, as in a listener of `error`, `finish` or `close`, nobody would catch an error: it would end the
 * process, or leave the client without an answer. The session is empty there, as in front of the middleware.
 */
export function readAnywhere(ctx: Context, source: SessionSource): SessionModel | null {
  let session: RequestSession | undefined
  try {
    session = source.sessionIn(ctx)
    if (source.warnsOfLostChanges) watchEarlyChange(ctx, session)
    return session.session
  } catch (error) {
    const isServed = session?.scope.stage.isHandling
    if ((isServed && !isResponseOver(ctx)) || isCrossSiteAsked(ctx)) throw error
    const hasFailed = FAILED.of(ctx) === true
    FAILED.set(ctx, true)
    // In front of the middleware the request fails, as with koa-session.
    const isFirst = session?.scope.stage.isBefore && !hasFailed && !isResponseOver(ctx)
    if (isFirst && !isToldToDevelopers(error)) throw error
    if (!source.isServing() && !hasFailed && !isResponseOver(ctx)) throw error
    if (isToldToDevelopers(error)) warnOnce(`read: ${error.code}`, `${OUTSIDE} ${error.message}`)
    else if (!isServed) warnAlways(`read: ${nameOf(error)}`, `${OUTSIDE} It could not be read: ${nameOf(error)}.`)
    else if (!hasFailed) emitError(ctx, error)
    return readBy(DETACHED, undefined)
  }
}

/** Whether reading the session of this request has failed before: that was told. */
const FAILED = new ContextSlot<boolean>('reading failed')

/** Whose session it is that nobody could read: it is written nowhere. */
const DETACHED: SessionHost = {
  maxAge: 'session',
  token: undefined,
  commit: () => Promise.reject(notLoaded()),
}

const OUTSIDE =
  'ctx.session was read outside of its middleware, or after the response. It is empty there, and what is set on it is dropped.'

/** A log that asks too early or too late is no fault of a site in production. */
function isToldToDevelopers(error: unknown): error is SessionError {
  return error instanceof SessionError && ['ERR_SESSION_NOT_LOADED', 'ERR_SESSION_CROSS_SITE'].includes(error.code)
}

/** What an error of the application's says may be about its data. */
function nameOf(error: unknown): string {
  if (error instanceof SessionError) return `${error.code}, ${error.message}`
  return error instanceof Error ? error.name : typeof error
}
