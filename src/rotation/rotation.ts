import { RecentMap } from '../base/recent-map'
import { MAX_LIFETIME, type Lifetime } from '../session/record'

/** How often a session's copies are reported at most, in milliseconds, where they do not end it. */
const REPORT_EVERY_MS = 60_000
const MAX_REPORTED = 10_000
/** The shortest grace, and that of a process which does not know how often tokens change, in milliseconds. */
const MIN_GRACE_MS = 10_000
const UNKNOWN_GRACE_MS = 60_000

/** What a copy that comes back does: it ends the session, or is reported alone. */
export type OnReplay = 'end' | 'report'

/** The options `rotateEvery` and `onReplay` at work. */
export class Rotation {
  /** How long a token is in use before it has successors, in milliseconds. */
  readonly every: number
  readonly onReplay: OnReplay

  constructor(every: number, onReplay: OnReplay = 'end') {
    this.every = every
    this.onReplay = onReplay
  }
}

/** Of which sessions copies were reported of late. */
export class CopyReports {
  readonly #reported = new RecentMap<number>(MAX_REPORTED)

  /** Whether a copy of this session is to be reported, which is then taken for done. */
  isDue(id: string, now: number): boolean {
    const last = this.#reported.get(id)
    if (last !== undefined && now - last < REPORT_EVERY_MS) return false
    this.#reported.set(id, now)
    return true
  }
}

/**
 * How long a cookie lives: as long as any may, and the record says when the session is over. No answer but one with a successor
 * gives the cookie a longer life, and a visitor who comes seldom may get none for longer than the session lives without use.
 */
export function cookieLife(left: Lifetime): Lifetime {
  return left === 'session' ? left : MAX_LIFETIME
}

/** How long a token opens its session after a successor has taken over, in milliseconds. */
export function graceOf(rotation: Rotation | undefined): number {
  return rotation ? Math.max(rotation.every / 10, MIN_GRACE_MS) : UNKNOWN_GRACE_MS
}
