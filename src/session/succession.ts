/**
 * What a record says of a token that changes while its visitor works, with the option `rotateEvery`. It rests as `_turn`:
 * `[family, serial, since, issued, next, beside, left]`. Times are milliseconds since 1970.
 */
export interface Succession {
  /** The hash of what all tokens of the session have in common. */
  readonly family: string
  /** The number of the last token that was issued. */
  readonly serial: number
  /**
   * When the current token was first used, which is when it took over; null as long as it was not. 0 for a token of before
   * `rotateEvery`, which has no family.
   */
  readonly since: number | null
  /** When a successor was last issued; 0 where none was. */
  readonly issued: number
  /** The successors of the current token: the first that is used takes over. */
  readonly next: readonly Successor[]
  /** Its siblings: the other successors of the token before it. They open the session until the next one takes over. */
  readonly beside: readonly Successor[]
  /** Tokens that were replaced a moment ago, and open the session for a while. */
  readonly left: readonly LeftToken[]
}

/** The hash of a token; and with which proof of who the owner is it was issued, and by which method. */
export type Successor = readonly [hash: string, confirmedAt?: number, method?: string]

/** The hash of a token, and until when it opens the session. */
export type LeftToken = readonly [hash: string, until: number]

/** How it rests. */
export type SuccessionField = readonly [
  family: string,
  serial: number,
  since: number | null,
  issued: number,
  next: readonly Successor[],
  beside: readonly Successor[],
  left: readonly LeftToken[],
]

/** Reads the field; undefined for what is none: then only the current token opens the record. */
export function successionOf(field: unknown): Succession | undefined {
  if (!Array.isArray(field)) return undefined
  const [family, serial, since, issued, next, beside, left] = field as unknown[]
  if (typeof family !== 'string' || !isNumber(serial) || !(since === null || isNumber(since)) || !isNumber(issued)) {
    return undefined
  }
  return {
    family,
    serial,
    since,
    issued,
    next: listOf(next, isSuccessor),
    beside: listOf(beside, isSuccessor),
    left: listOf(left, isLeft),
  }
}

export function successionField(succession: Succession): SuccessionField {
  const { family, serial, since, issued, next, beside, left } = succession
  return [family, serial, since, issued, next, beside, left]
}

function listOf<T>(value: unknown, isItem: (item: unknown) => item is T): readonly T[] {
  return Array.isArray(value) ? value.filter(isItem) : []
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function isSuccessor(value: unknown): value is Successor {
  if (!Array.isArray(value)) return false
  const [hash, at, method] = value as unknown[]
  return typeof hash === 'string' && ['undefined', 'number'].includes(typeof at) && isText(method)
}

function isText(method: unknown): boolean {
  return method === undefined || typeof method === 'string'
}

function isLeft(value: unknown): value is LeftToken {
  return Array.isArray(value) && typeof value[0] === 'string' && isNumber(value[1])
}
