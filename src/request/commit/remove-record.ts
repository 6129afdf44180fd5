import type { ReadAt } from '../../contracts/store'
import { accessOf } from '../../session/access'
import type { EndedReason } from '../../session/events'
import { isDead, type Stored } from '../open/stored'
import { ownerIfKnown } from '../scope/owner-if-known'
import type { RequestScope } from '../scope/request-scope'

/** A record that ends with its session. */
export interface Removal {
  readonly id: string
  /** Whose it is, as far as the request knows. */
  readonly owner: string | undefined
  /** What was read of it, where that matters; undefined where it ends as it is. */
  readonly read: Stored | undefined
}

/** How often a record is removed as it was read, before it is as it is. */
const MAX_LOOKS = 3

/**
 * The record of a session. What was read from a cache is removed as it was read, or once the record itself has confirmed the
 * token; and so is what belongs to somebody: it may have come to another account meanwhile.
 */
export function removalOf(stored: Stored): Removal {
  const { id, isCached, snapshot } = stored
  const { owner } = snapshot
  return { id: id as string, owner, read: isCached || owner !== undefined ? stored : undefined }
}

/** Removes a record; where this has done it, and nobody before, the end of the session is told. */
export async function removeRecord(scope: RequestScope, removal: Removal, reason: EndedReason): Promise<void> {
  const removed = await remove(scope, removal)
  if (removed) scope.reportEnd(removal.id, removed.owner, reason)
}

/** Returns whose session this has ended; nothing where there was none. */
async function remove(
  scope: RequestScope,
  { id, owner, read }: Removal,
): Promise<{ owner: string | undefined } | undefined> {
  const { backend, storeContext } = scope
  let [whose, at]: [string | undefined, ReadAt | undefined] = [owner, read && readAt(read)]
  for (let looks = 0; at && looks < MAX_LOOKS; looks++) {
    if (await backend.remove(id, storeContext, at)) return { owner: whose }
    const found = await scope.load(id)
    if (!found || isDead(read, accessOf(found.record))) return undefined
    whose = ownerIfKnown(scope, found.record)
    at = { revision: found.revision, expire: found.record._expire }
  }
  return (await backend.remove(id, storeContext)) ? { owner: whose } : undefined
}

function readAt({ revision, snapshot }: Stored): ReadAt {
  return { revision, expire: snapshot.lifetime._expire }
}
