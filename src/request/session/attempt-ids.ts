import { randomBytes } from 'node:crypto'
import type { OnceAttempt } from '../../session/once'

/** Attempts of this process begin so: it reads their times by its own clock. Workers draw nothing while they load. */
let ownPrefix: string | undefined
/** By how much the clocks of processes may differ, in milliseconds; by a lease at most. */
const SKEW_MS = 5000

/** An id that no other attempt has. */
export function newAttemptId(): string {
  ownPrefix ??= randomBytes(6).toString('base64url')
  return ownPrefix + randomBytes(6).toString('base64url')
}

/** What time it is, at the earliest, by the clock of whoever has begun an attempt: milliseconds since 1970. */
export function earliestNow(attempt: OnceAttempt | undefined, lease: number): number {
  const isOurs = !attempt || (ownPrefix !== undefined && attempt[1].startsWith(ownPrefix))
  return isOurs ? Date.now() : Date.now() - Math.min(SKEW_MS, lease)
}
