import type { TaskQueue } from '../../base/task-queue'
import { signalOfNothing, watchOf, type Held } from '../../watch/watch'
import type { KnownSession } from '../../watch/ending'
import type { RequestScope } from '../scope/request-scope'
import { isResponseOver, whenResponseOver } from '../scope/response-state'
import { loadFresh } from './outside-scope'
import type { Stored } from '../open/stored'

/** What is known of a session, in the words of whoever watches it. */
export function knownOf({ access, snapshot, created, policy }: Stored): KnownSession {
  return { policy, hands: access.hands, owner: snapshot.owner, expire: snapshot.lifetime._expire, created }
}

/**
 * A signal for a request's session; without a stored one it is aborted already. What the request itself makes of its session
 * is known: its own rotation does not abort it, its own logout does.
 *
 * @param persistence knows what is stored
 * @param commits what the request writes, one after the other
 */
export function signalIn(
  scope: RequestScope,
  persistence: { readonly stored: Stored | undefined },
  commits: Pick<TaskQueue, 'idle'>,
): AbortSignal {
  const { stored } = persistence
  const { ctx } = scope
  if (!stored) return signalOfNothing()
  const { id } = stored
  const held: Held = watchOf(scope.config).hold({
    id,
    known: () => {
      const { stored: now } = persistence
      return now && now.id === id ? knownOf(now) : undefined
    },
    settled: () => commits.idle(),
    load: () => loadFresh(scope, id as string),
  })
  scope.whenEnded(() => held.end())
  if (isResponseOver(ctx)) held.release()
  else whenResponseOver(ctx, () => held.release())
  return held.signal
}
