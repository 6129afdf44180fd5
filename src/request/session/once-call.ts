import { clearTimeout, setTimeout } from 'node:timers'
import { atOnce, type Awaitable } from '../../base/awaitable'
import { SessionError } from '../../base/errors'
import { monotonic } from '../../base/monotonic'
import { within } from '../../base/within'
import { merge } from '../../session/merge'
import type { Dictionary, Lifetime } from '../../session/record'
import { copy } from '../../session/snapshot'
import { SessionModel, type SessionHost } from '../../session/session-model'
import type { RequestScope } from '../scope/request-scope'
import type { Commits } from './commits'
import type { Persistence } from './persistence'
import type { SessionState } from './session-state'

/** What `once()` is asked for; times are milliseconds. */
export interface OnceCall {
  readonly key: string
  readonly work: (session: SessionModel, signal: AbortSignal) => Awaitable<unknown>
  readonly needed: ((session: SessionModel) => boolean) | undefined
  readonly lease: number
  readonly wait: number
}

/** The request that calls it. */
export interface OnceCaller {
  readonly host: SessionHost
  readonly scope: RequestScope
  readonly persistence: Persistence
  readonly state: SessionState
  readonly commits: Commits
  /** Whether the session is the one that the work was asked for. */
  readonly isSame: () => boolean
}

/** What work has made of the data, and the lifetime that it has chosen. */
export interface Change {
  readonly before: Dictionary
  readonly after: Dictionary
  readonly maxAge?: Lifetime
}

/** The session of the caller; undefined where it was ended. */
function sessionOf({ state }: OnceCaller): SessionModel | undefined {
  return state.current.name === 'open' ? state.sessionOf(state.current) : undefined
}

/** Whether the work is to be done, as the caller says; undefined where it says nothing. */
export function isNeeded(caller: OnceCaller, { needed }: OnceCall): boolean | undefined {
  const session = needed && sessionOf(caller)
  return session && Boolean(atOnce<unknown>(needed(session), neededLater))
}

/**
 * Does the work on a copy of the session: nothing of it is in the session where it fails. Returns undefined where it does not end
 * in time.
 *
 * @param since when the lease began, by the monotonic clock
 * @param over called when the lease is over, and the work is not
 */
export async function doWork(
  caller: OnceCaller,
  { work, lease, wait }: OnceCall,
  since: number,
  over: () => void,
): Promise<Change | undefined> {
  const ended = new AbortController()
  const timer = setTimeout(
    () => {
      ended.abort(leaseOver(lease))
      over()
    },
    since + lease - monotonic(),
  )
  timer.unref()
  try {
    const trying = caller.commits.tryOut(caller.host, (session) => work(session, ended.signal))
    return await within(trying, since + lease + wait - monotonic())
  } finally {
    clearTimeout(timer)
  }
}

/** Makes the same change of a copy of the session, whatever others have changed meanwhile. */
export function changeTo(
  { scope }: OnceCaller,
  { before, after, maxAge }: Change,
): (session: SessionModel) => Promise<void> {
  return async (session) => {
    // Each request has objects of its own.
    const own = copy(after, scope.backend.serializer)
    const merged = await merge(before, own, SessionModel.data(session), scope.mergeOptions)
    SessionModel.patch(session, merged, scope.backend.serializer)
    if (maxAge !== undefined) session.maxAge = maxAge
  }
}

function neededLater(): SessionError {
  return new SessionError(
    'ERR_SESSION_BAD_VALUE',
    'The option "needed" of sessions.once() returned a promise. It returns true or false at once: decide by the data of the ' +
      'session, and let the work find out what takes longer.',
  )
}

/** The error of a call within what may be done again. */
export function onceInChange(): SessionError {
  return new SessionError(
    'ERR_SESSION_NESTED',
    'sessions.once() was called inside sessions.update() or sessions.once(). update() may make its change again, and with it the ' +
      'work; and once() might wait for itself. Call once() before it.',
  )
}

export function failed({ key }: OnceCall, cause: unknown): SessionError {
  return new SessionError(
    'ERR_SESSION_ONCE_FAILED',
    `The work of sessions.once(${JSON.stringify(key)}) has failed in another request, which did it for this one too. What it threw ` +
      'is the error of that request. The next request, or the next call, does the work again.',
    { status: 503, cause },
  )
}

export function pending({ key, wait }: OnceCall): SessionError {
  return new SessionError(
    'ERR_SESSION_ONCE_PENDING',
    `The work of sessions.once(${JSON.stringify(key)}), which another request does for this one too, was not done within ${wait} ` +
      'ms. Let the work give up earlier than after "lease" milliseconds, or wait longer with the option "wait".',
    { status: 503 },
  )
}

/** The request that does the work waits no longer. */
export function neverDone({ key, lease, wait }: OnceCall): SessionError {
  return new SessionError(
    'ERR_SESSION_ONCE_PENDING',
    `The work of sessions.once(${JSON.stringify(key)}) was not done within its lease of ${lease} ms and ${wait} ms more. Nothing of ` +
      'it is written. Let it give up when its signal is aborted.',
    { status: 503 },
  )
}

/** What a request is told that has done the work beside another one. */
export function wasFollowed({ key, lease }: OnceCall): SessionError {
  return new SessionError(
    'ERR_SESSION_ONCE_PENDING',
    `The work of sessions.once(${JSON.stringify(key)}) was done again by another request: it took longer than its lease of ${lease} ms, ` +
      'clocks of processes differ, or the store writes without conditions. What this request has made of the session is dropped. ' +
      'Where it is the lease, let the work give up earlier, or set a longer one.',
    { status: 503 },
  )
}

function leaseOver(lease: number): SessionError {
  return new SessionError(
    'ERR_SESSION_ONCE_PENDING',
    `The work of sessions.once() took longer than its lease of ${lease} ms: another request may do it again from now on.`,
    { status: 503 },
  )
}
