import { randomBytes } from 'node:crypto'
import type { Context } from 'koa'
import type { DeviceKeys } from './device-keys'

/** What a challenge is made for: to register a key, to prove it, or to try again what found no session. */
export type ChallengeUse = 'register' | 'refresh' | 'again'

/** How long a challenge can be answered, in milliseconds: what was signed in advance is worth nothing later. */
export const CHALLENGE_MS = 5 * 60 * 1000

const NONCE_BYTES = 9

/**
 * Makes a challenge: its use, its time, a nonce, and whom it is for, sealed. Nothing is stored of it.
 *
 * @param used when the last one was made that was answered: this one is younger, whatever the clock says
 */
export function makeChallenge(
  keys: DeviceKeys,
  ctx: Context,
  use: ChallengeUse,
  subject: string,
  used: number = 0,
): string {
  const time = Math.max(Date.now(), used + 1)
  return keys.seal(ctx, JSON.stringify([use, time, randomBytes(NONCE_BYTES).toString('base64url'), subject]))
}

/** A challenge of ours: when it was made, and whether that is too long ago. */
export interface OpenedChallenge {
  readonly time: number
  readonly isStale: boolean
}

/** Opens a challenge; undefined where it was made for something or somebody else, or is none of ours. */
export function openChallenge(
  keys: DeviceKeys,
  ctx: Context,
  use: ChallengeUse,
  subject: string,
  text: string,
): OpenedChallenge | undefined {
  const plain = keys.open(ctx, text)
  if (plain === undefined) return undefined
  const [madeFor, time, , whom] = JSON.parse(plain) as [string, number, string, string]
  if (madeFor !== use || whom !== subject) return undefined
  return { time, isStale: time + CHALLENGE_MS < Date.now() }
}
