import type { EndedReason } from '../../session/events'
import type { Outcome } from '../commit/commit-job'
import { removalOf, type Removal } from '../commit/remove-record'
import type { Stored, Superseded } from '../open/stored'

/** What a request knows of the record behind its session. One value: a new one takes its place as a whole. */
export interface Known {
  /** What the client presents was read. */
  readonly wasSought: boolean
  readonly stored: Stored | undefined
  readonly superseded: Superseded | undefined
  /** Records of sessions that were ended and replaced in this request: they are to be removed. */
  readonly retired: readonly Removal[]
  readonly hasReplaced: boolean
  readonly wasWritten: boolean
  /** A session that has changed hands, and goes on without this request. */
  readonly elsewhere: Removal | undefined
}

/** What is known of a session that ends, and why it does. */
export interface Ending {
  readonly known: Known
  readonly reason: EndedReason
}

const NONE: readonly Removal[] = []

export const NOTHING_KNOWN = found(undefined, undefined, { wasSought: false, wasWritten: false })

/** What was read, or is known after a commit, of a session that took nobody's place. */
export function found(
  stored: Stored | undefined,
  superseded: Superseded | undefined,
  { wasSought, wasWritten }: Pick<Known, 'wasSought' | 'wasWritten'>,
): Known {
  return { wasSought, stored, superseded, retired: NONE, hasReplaced: false, wasWritten, elsewhere: undefined }
}

/** Another session takes the place of the one that was ended. */
export function replaced(known: Known): Known {
  return { ...NOTHING_KNOWN, wasSought: known.wasSought, retired: endingsOf(known), hasReplaced: true }
}

/** The id of the record that the client's token led to. */
export function idOf({ stored, superseded }: Known): string | undefined {
  return stored?.id ?? superseded?.id
}

/** All records that end with the session. */
export function endingsOf(known: Known): Removal[] {
  const last = removalBehind(known)
  return last ? [...known.retired, last] : [...known.retired]
}

/** The record that ends with what a client's token has led to. */
export function removalBehind({ stored, superseded }: Pick<Known, 'stored' | 'superseded'>): Removal | undefined {
  if (stored?.id !== undefined) return removalOf(stored)
  return superseded && { id: superseded.id, owner: superseded.owner, read: undefined }
}

/** What was written, and could not be told to the client, counts as changed still: the next commit tries again. */
export function untold(before: Known, { stored, superseded, wasSought }: Known): Known {
  if (stored?.id === undefined) return before
  const snapshot = before.stored?.snapshot ?? stored.snapshot.emptied()
  // As in koa-session: a new session without data is not renewed.
  const wasWritten = before.stored === undefined || before.wasWritten
  return found({ ...stored, snapshot }, superseded, { wasSought, wasWritten })
}

/** What was written while its session was ended is to be removed with it. */
export function afterEnd(known: Known, outcome: Outcome): Known {
  if (outcome.name !== 'written' || outcome.stored.id === undefined) return known
  return { ...known, retired: [...known.retired, removalOf({ ...outcome.stored, isCached: false })] }
}

/** What is known after a commit. */
export function afterCommit(before: Known, outcome: Outcome): Known {
  const { wasSought, wasWritten } = before
  switch (outcome.name) {
    case 'unchanged':
      return found(outcome.stored, outcome.superseded, { wasSought, wasWritten })
    case 'written':
      return found(outcome.stored, undefined, { wasSought, wasWritten: true })
    case 'detached':
      return found(undefined, outcome.superseded, { wasSought, wasWritten })
    case 'again':
      return before
    case 'gone':
      return { ...found(undefined, undefined, { wasSought, wasWritten }), elsewhere: outcome.elsewhere }
  }
}
