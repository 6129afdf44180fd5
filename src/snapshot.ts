import { SessionError } from './errors'
import type { Dictionary } from './record'

/** A session's data as it is at rest: what changes are measured against. */
export class Snapshot {
  readonly #text: string

  constructor(
    data: Dictionary,
    /** The record's revision in its store; undefined where the store keeps none. */
    readonly revision: unknown,
    /** When the record expires; undefined for one that does not say. */
    readonly expire: number | undefined,
    /** Whether it was written under the timeouts that are in force. */
    readonly isCurrent: boolean,
    /** The account that the data belong to. */
    readonly owner: unknown,
  ) {
    this.#text = serialize(data)
  }

  /** The data, copied anew. */
  get data(): Dictionary {
    return JSON.parse(this.#text) as Dictionary
  }

  isChanged(data: Dictionary): boolean {
    return serialize(data) !== this.#text
  }
}

/** Settles what two requests made of the same key; koa-session's way is that the last writer wins. */
export type MergeConflict<Data extends object = Dictionary> = (base: Data, mine: Data, theirs: Data) => Data

/**
 * Applies this request's changes to what another one has written meanwhile, key by key. Where both changed a key,
 * `onConflict` decides over the whole, and without it this request's value stays.
 */
export function merge(base: Dictionary, mine: Dictionary, theirs: Dictionary, onConflict?: MergeConflict): Dictionary {
  const merged = { ...theirs }
  let clash = false
  for (const key of new Set([...Object.keys(base), ...Object.keys(mine)])) {
    if (isSame(base[key], mine[key])) continue
    clash ||= !isSame(base[key], theirs[key]) && !isSame(mine[key], theirs[key])
    if (key in mine) merged[key] = mine[key]
    else delete merged[key]
  }
  return clash && onConflict ? onConflict(base, mine, theirs) : merged
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

function serialize(data: Dictionary): string {
  try {
    return JSON.stringify(data)
  } catch (cause) {
    const key = Object.keys(data).find((candidate) => !isSerializable(data[candidate]))
    throw new SessionError(
      'ERR_SESSION_NOT_SERIALIZABLE',
      `session.${key} holds a value that JSON cannot carry, such as a BigInt or a cycle. Keep it as text or a number.`,
      { cause },
    )
  }
}

function isSerializable(value: unknown): boolean {
  try {
    JSON.stringify(value)
    return true
  } catch {
    return false
  }
}
