import type { Awaitable } from '../base/awaitable'
import { SessionError } from '../base/errors'
import { isRecord, type Dictionary } from './record'
import type { Serializer } from './serializer'

/** Settles what two requests made of the same key; koa-session's way is that the last writer wins. */
export type MergeConflict<Data extends object = Dictionary> = (
  before: Data,
  mine: Data,
  theirs: Data,
) => Awaitable<Data>

/** How changes are merged. */
export interface MergeOptions {
  serializer: Serializer
  onConflict?: MergeConflict
}

/**
 * Applies this request's changes to what another one has written meanwhile, key by key. Where both changed a key,
 * `onConflict` decides over the whole, and without it this request's value stays.
 *
 * @throws {SessionError} `ERR_SESSION_BAD_VALUE` where `onConflict` returns no plain object
 */
export async function merge(
  before: Dictionary,
  mine: Dictionary,
  theirs: Dictionary,
  { serializer, onConflict }: MergeOptions,
): Promise<Dictionary> {
  const merged = { ...theirs }
  let clash = false
  for (const key of changedKeys(before, mine, serializer)) {
    const other = valueText(theirs, key, serializer)
    clash ||= other !== valueText(before, key, serializer) && other !== valueText(mine, key, serializer)
    if (mine[key] === undefined) delete merged[key]
    else merged[key] = mine[key]
  }
  if (!clash || !onConflict) return merged
  const decided: unknown = await onConflict(before, mine, theirs)
  if (isRecord(decided)) return decided
  throw new SessionError(
    'ERR_SESSION_BAD_VALUE',
    'The option "onConflict" returned something that is no plain object. It returns the data of the session, or a ' +
      'promise of them.',
  )
}

/** What this request has set itself, and nothing of what was there before it. */
export function ownChanges(before: Dictionary, mine: Dictionary, serializer: Serializer): Dictionary {
  const keys = changedKeys(before, mine, serializer).filter((key) => mine[key] !== undefined)
  return Object.fromEntries(keys.map((key) => [key, mine[key]]))
}

/** The keys that were set, changed or deleted. A key that holds undefined is one that is not there, as in JSON. */
export function changedKeys(before: Dictionary, mine: Dictionary, serializer: Serializer): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(mine)])
  return Array.from(keys).filter((key) => valueText(before, key, serializer) !== valueText(mine, key, serializer))
}

function valueText(data: Dictionary, key: string, serializer: Serializer): string {
  const value = Object.hasOwn(data, key) ? data[key] : undefined
  return value === undefined ? '' : serializer.stringify([value])
}
