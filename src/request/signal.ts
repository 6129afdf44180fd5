import { signalOfNothing, watchOf, type Held } from '../watch/watch'
import type { KnownSession } from '../watch/ending'
import type { RequestScope } from './request-scope'
import { loadFresh } from './outside-scope'
import type { Stored } from './stored'

/** What is known of a session, in the words of whoever watches it. */
export function knownOf({ access, snapshot, created }: Stored): KnownSession {
  return { hands: access.hands, owner: snapshot.owner, expire: snapshot.lifetime._expire, created }
}

/**
 * A signal for a request's session; without a stored one it is aborted already. What the request itself makes of its session
 * is known: its own rotation does not abort it, its own logout does.
 *
 * @param storedOf what is stored, as far as the request knows by then
 */
export function signalIn(scope: RequestScope, storedOf: () => Stored | undefined): AbortSignal {
  const stored = storedOf()
  const { res } = scope.ctx
  if (!stored) return signalOfNothing()
  const { id } = stored
  const held: Held = watchOf(scope.config).hold({
    id,
    known: () => {
      const now = storedOf()
      return now?.id === id ? now && knownOf(now) : undefined
    },
    load: () => loadFresh(scope, id as string),
  })
  scope.whenEnded(() => held.end())
  if (res.closed || res.destroyed) held.release()
  else res.once('close', () => held.release())
  return held.signal
}
