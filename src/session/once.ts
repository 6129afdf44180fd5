/**
 * What a record says of the work that `once()` does: per key the last attempt, under `_once`. A token's generation ends it, as it
 * ends a binding to a device: see `rotate` in `access.ts`.
 *
 * The state of an attempt is `done` or `failed`; while it is under way, the time in milliseconds since 1970 until which nobody else
 * begins.
 */
export type OnceAttempt = readonly [key: string, id: string, state: number | 'done' | 'failed']

/** How many attempts a record remembers: those under way, and the newest of the others. */
const MAX_ATTEMPTS = 16

/** Reads what a record says; undefined where that is nothing. */
export function attemptsOf(value: unknown): readonly OnceAttempt[] | undefined {
  const attempts = Array.isArray(value) ? value.filter(isAttempt) : []
  return attempts.length > 0 ? attempts : undefined
}

/** The last attempt at the work with this key. */
export function lastAttempt(attempts: readonly OnceAttempt[] | undefined, key: string): OnceAttempt | undefined {
  return attempts?.find(([other]) => other === key)
}

/** What decides of a call of `once()`. */
export interface OnceFacts {
  /** The last attempt, as the record says. */
  readonly last: OnceAttempt | undefined
  /** The last attempt, as this request had read it when it called. */
  readonly seen: OnceAttempt | undefined
  /** That was read from a cache, and may be of long before. */
  readonly mayBeOld: boolean
  /** The call has waited for somebody's attempt. */
  readonly hasWaited: boolean
  /** The id of an attempt that this call has seen under way for as long as one may take: clocks may differ. */
  readonly overdue: string | undefined
  /** Whether the work is to be done, as the option `needed` says of the data; undefined without the option. */
  readonly isNeeded: boolean | undefined
  readonly now: number
}

/**
 * What a call of `once()` does: `begin`, it does the work; `wait`, somebody is at it; `share`, the session is as the work has left
 * it; `fail`, the attempt has failed that was made for this call too.
 */
export type OnceDecision = 'begin' | 'wait' | 'share' | 'fail'

/** The first row that fits. Its test is this table. */
export function decideOnce({ last, seen, mayBeOld, hasWaited, overdue, isNeeded, now }: OnceFacts): OnceDecision {
  if (isNeeded === false) return 'share'
  if (!last || isOver(last, overdue, now)) return 'begin'
  if (isRunning(last)) return 'wait'
  // Who has read the session after the end of the attempt asks for another one.
  if (seen && seen[1] === last[1] && !isRunning(seen)) return 'begin'
  if (last[2] === 'failed') return hasWaited || !mayBeOld ? 'fail' : 'begin'
  return hasWaited || isNeeded === undefined ? 'share' : 'begin'
}

/** Whether an attempt is under way, as far as the record says. */
export function isRunning([, , state]: OnceAttempt): boolean {
  return typeof state === 'number'
}

/** Whether nobody waits for an attempt any more that has not ended. */
export function isOver([, id, state]: OnceAttempt, overdue: string | undefined, now: number): boolean {
  return typeof state === 'number' && (state <= now || id === overdue)
}

/** What the record says from now on: the newest attempt last. */
export function withAttempt(
  attempts: readonly OnceAttempt[] = [],
  attempt: OnceAttempt,
  now: number,
): readonly OnceAttempt[] {
  const others = attempts.filter(([key]) => key !== attempt[0])
  const spare = others.length + 1 - MAX_ATTEMPTS
  const idle = others.filter((other) => !isRunning(other) || isOver(other, undefined, now)).slice(0, Math.max(spare, 0))
  return [...others.filter((other) => !idle.includes(other)), attempt]
}

/** Whether this attempt is still the one that counts: nobody has followed it. A verb within the work may have begun a generation. */
export function isStillMine(attempts: readonly OnceAttempt[] | undefined, key: string, id: string): boolean {
  const last = lastAttempt(attempts, key)
  return last === undefined || (last[1] === id && isRunning(last))
}

function isAttempt(value: unknown): value is OnceAttempt {
  if (!Array.isArray(value) || typeof value[0] !== 'string' || typeof value[1] !== 'string') return false
  return Number.isFinite(value[2]) || value[2] === 'done' || value[2] === 'failed'
}
