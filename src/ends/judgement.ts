import type { KeyEnd } from '../contracts/end-store'

/** What of an end a session is judged by. */
export type Ending = Pick<KeyEnd, 'position' | 'except' | 'later'>

/** What a session says of itself. */
export interface Claim {
  /** The hash of its id; undefined for a cookie of before there were ends. */
  readonly id: string | undefined
  /** The last position that there was when it began; undefined for the beginning of time. */
  readonly since: number | undefined
}

/** From where to where the positions of a store of ends reach. */
export interface Reach {
  readonly born: number
  readonly last: number
}

/** `good`; `ended`, by an end of one of its keys; `lost`, it began in a store of ends that is no more, or another one. */
export type Verdict = 'good' | 'ended' | 'lost'

/** Whether a session goes on: the first row that fits. Its test is this table. */
export function judge({ born, last }: Reach, claim: Claim, ends: readonly (Ending | undefined)[]): Verdict {
  const { since } = claim
  if (since !== undefined && (since < born || since > last)) return 'lost'
  return ends.some((end) => end !== undefined && isEndedBy(end, claim)) ? 'ended' : 'good'
}

/** Whether a session is void by the last end of one of its keys. */
export function isEndedBy({ position, except, later }: Ending, { id, since = -Infinity }: Claim): boolean {
  if (later) return true
  const isSpared = except !== undefined && except === id
  return position > since && !isSpared
}
