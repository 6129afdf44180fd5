import type { Serializer } from './contracts/serializer'
import { SessionError } from './errors'
import type { Dictionary, Lifetime } from './record'

/** A session's data as it is at rest: what changes are measured against. */
export class Snapshot {
  readonly #text: string
  readonly #serializer: Serializer

  constructor(
    data: Dictionary,
    serializer: Serializer,
    /** When the record expires; undefined for one that does not say. */
    readonly expire: number | undefined,
    /** Whether it was written under the timeouts that are in force. */
    readonly isCurrent: boolean,
    /** The account that the data belong to. */
    readonly owner: string | undefined,
    /** The lifetime that the record was written with. */
    readonly maxAge: Lifetime,
  ) {
    this.#serializer = serializer
    this.#text = serialize(data, serializer)
  }

  /** The data, copied anew. */
  get data(): Dictionary {
    return this.#serializer.parse(this.#text) as Dictionary
  }

  isChanged(data: Dictionary): boolean {
    return serialize(data, this.#serializer) !== this.#text
  }
}

/** Settles what two requests made of the same key; koa-session's way is that the last writer wins. */
export type MergeConflict<Data extends object = Dictionary> = (base: Data, mine: Data, theirs: Data) => Data

/** How changes are merged. */
export interface MergeOptions {
  serializer: Serializer
  onConflict?: MergeConflict
}

/**
 * Applies this request's changes to what another one has written meanwhile, key by key. Where both changed a key,
 * `onConflict` decides over the whole, and without it this request's value stays.
 */
export function merge(
  base: Dictionary,
  mine: Dictionary,
  theirs: Dictionary,
  { serializer, onConflict }: MergeOptions,
): Dictionary {
  const valueOf = (data: Dictionary, key: string): string =>
    Object.hasOwn(data, key) ? serializer.stringify([data[key]]) : ''
  const merged = { ...theirs }
  let clash = false
  for (const key of new Set([...Object.keys(base), ...Object.keys(mine)])) {
    const [before, own, other] = [base, mine, theirs].map((data) => valueOf(data, key))
    if (own === before) continue
    clash ||= other !== before && other !== own
    if (Object.hasOwn(mine, key)) merged[key] = mine[key]
    else delete merged[key]
  }
  return clash && onConflict ? onConflict(base, mine, theirs) : merged
}

/** Copies data as its serializer does. */
export function copy(data: Dictionary, serializer: Serializer): Dictionary {
  return serializer.parse(serialize(data, serializer)) as Dictionary
}

function serialize(data: Dictionary, serializer: Serializer): string {
  try {
    return serializer.stringify(data)
  } catch (cause) {
    const key = Object.keys(data).find((candidate) => !isSerializable(data[candidate], serializer))
    throw new SessionError(
      'ERR_SESSION_NOT_SERIALIZABLE',
      `session.${key} holds a value that its serializer cannot carry: JSON, for one, takes no BigInt and no cycle. Keep ` +
        'it as text or as a number, or give the store or the codec a "serializer" that can carry it.',
      { cause },
    )
  }
}

function isSerializable(value: unknown, serializer: Serializer): boolean {
  try {
    serializer.stringify(value)
    return true
  } catch {
    return false
  }
}
