import type { EndedReason, SessionEvents } from './events'
import { fingerprint, handleOf } from './token'

/** What is told of a session in a store that was ended: by whoever has ended it, and nobody else. */
export function endEvent(
  id: string,
  owner: string | undefined,
  reason: EndedReason,
): Omit<SessionEvents['ended'], 'ctx'> {
  const session = fingerprint(id)
  return owner === undefined ? { reason, session } : { reason, session, owner, handle: handleOf(id) }
}
