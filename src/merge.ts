import type { Serializer } from './contracts/serializer'
import type { Dictionary } from './record'

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
