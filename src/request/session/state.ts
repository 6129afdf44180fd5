import { SessionError } from '../../base/errors'
import type { EndedReason } from '../../session/events'
import type { Dictionary, SessionRecord } from '../../session/record'
import { SessionModel } from '../../session/session-model'

/**
 * `closed`: nothing was read; `loading`: a reading is under way; `open`: there is a session to use; `ended`: it was set
 * to null or destroyed, and `settled` once the store and the client know.
 */
export type State = { name: 'closed' } | { name: 'loading'; done: Promise<void> } | OpenState | EndedState

export interface EndedState {
  name: 'ended'
  settled: boolean
  reason: EndedReason
}

export interface OpenState {
  name: 'open'
  /** The session; undefined as long as nobody has asked for the one that was read. */
  session: SessionModel | undefined
  /** What was read; undefined where there was nothing. */
  record: SessionRecord | undefined
}

export const CLOSED: State = { name: 'closed' }

/** What was read; nobody has asked for it yet. */
export function opened(record: SessionRecord | undefined): OpenState {
  return { name: 'open', session: undefined, record }
}

/** The error of who asks for a session that was not read yet. */
export function notLoaded(): SessionError {
  return new SessionError(
    'ERR_SESSION_NOT_LOADED',
    'The session is not loaded yet. Call "await sessions.load(ctx)" before ctx.session, or leave out the option "lazy".',
  )
}

/**
 * The data that `ctx.session` is to hold; null where it is to end.
 *
 * @throws {SessionError} `ERR_SESSION_BAD_VALUE` for anything else
 */
export function assignable(value: unknown): Dictionary | null {
  if (typeof value === 'object') return value instanceof SessionModel ? SessionModel.data(value) : (value as Dictionary)
  const what = value === undefined ? 'undefined' : `a ${typeof value}`
  throw new SessionError(
    'ERR_SESSION_BAD_VALUE',
    `ctx.session takes an object, or null to end the session, not ${what}.`,
  )
}
