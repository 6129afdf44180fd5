import type { EndPoint, EndsAnswer } from '../contracts/end-store'

/** What a process knows of the log of ends. */
export interface Known {
  readonly born: number
  /** All ends up to this one are known; of those behind it, some may be. */
  readonly last: EndPoint
}

/** An end, as a message tells it. */
export interface EndNews {
  readonly key: string
  readonly position: number
  /** The position of the end before it, of whatever key. */
  readonly before: number
  readonly except?: string
  readonly later?: true
}

/** What a message does to what is known: nothing; it is the next one; or others are missing between. */
export type Heard = 'old' | 'next' | 'gap'

export function heard(known: Known, { position, before }: EndNews): Heard {
  if (position <= known.last.position) return 'old'
  return before === known.last.position ? 'next' : 'gap'
}

/**
 * What an answer does to what is known.
 *
 * - `afresh`: the store is another one, or has gone back: all is forgotten.
 * - `older`: newer ends were heard of meanwhile: it is good to judge by, together with those, and is not kept.
 * - `news`: it says all that is new.
 * - `unknown`: it does not say what is new: ends of other keys are forgotten.
 */
export type Answered = 'afresh' | 'older' | 'news' | 'unknown'

/**
 * @param known what the process knows by now; undefined where it has read nothing yet
 * @param floor the highest position that it has read or heard by now
 */
export function answered(
  known: Known | undefined,
  floor: number | undefined,
  { born, last, news, continues }: EndsAnswer,
): Answered {
  if (known && (known.born !== born || continues === false)) return 'afresh'
  if (floor !== undefined && last.position < floor) return 'older'
  return known && news && continues ? 'news' : 'unknown'
}
