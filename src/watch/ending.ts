import { SessionError } from '../base/errors'
import { accessOf } from '../session/access'
import { createdAt, isExpired, timeLeft, type LifetimePolicy, type SessionRecord } from '../session/record'

/**
 * Why a session that is held is over: its record is gone, another hand has it, its time is past, or it is bound to a device and
 * what it was opened with is past its own time.
 */
export type Ending = 'gone' | 'generation' | 'timeout' | 'unproven'

/** From when to when a session lives: milliseconds since 1970. */
export interface Span {
  readonly created: number
  /** Undefined where the record does not say. */
  readonly expire: number | undefined
}

/** What the holder of a session knows of it. */
export interface KnownSession extends Span {
  readonly generation: number
  readonly owner: string | undefined
  readonly policy: LifetimePolicy
}

export interface Look {
  /** Undefined where the holder has ended the session itself. */
  readonly known: KnownSession | undefined
  /** What the last look found, or the holder knows. */
  readonly span: Span
  /** The record as it is now; undefined where it is gone, `'unread'` where nobody can tell. */
  readonly found: SessionRecord | 'unread' | undefined
  readonly policy: LifetimePolicy
  /** Until when what it was opened with opens it, where it is bound to a device. */
  readonly deadline: number
  readonly now: number
}

/** How a session ended; undefined where it goes on. */
export function endingOf({ known, span, found, policy, deadline, now }: Look): Ending | undefined {
  if (!known) return 'gone'
  if (found && deadline <= now) return 'unproven'
  const isPast = endOf(span, policy, now) < now
  // Without the store nobody can tell whether it was renewed: then it is over.
  if (found === 'unread') return isPast ? 'timeout' : undefined
  if (!found) return isPast ? 'timeout' : 'gone'
  // Where the holder knows of more changes, what was found is older.
  if (accessOf(found).generation > known.generation) return 'generation'
  return isExpired(found, policy, now) ? 'timeout' : undefined
}

export function spanOf(record: SessionRecord, now: number): Span {
  return { created: createdAt(record, now), expire: record._expire }
}

/** When a session ends if nobody renews it: milliseconds since 1970. */
export function endOf({ expire, created }: Span, policy: LifetimePolicy, now: number): number {
  const left = timeLeft(expire, created, policy, now)
  return left === 'session' ? Infinity : now + left
}

const REASONS: Record<Ending | 'absent', string> = {
  gone: 'The session was ended.',
  generation: 'The session has changed hands: somebody signed in, or its token was regenerated.',
  timeout: 'The time of the session is past.',
  unproven: 'The session is bound to a device, and the cookie that it was opened with is past its time. Open it anew.',
  absent: 'There is no stored session to watch. Call "await sessions.save(ctx)" before sessions.signal(ctx).',
}

/** The reason that a signal is aborted with. */
export function endedError(ending: Ending | 'absent'): SessionError {
  return new SessionError('ERR_SESSION_ENDED', REASONS[ending], { status: 401 })
}
