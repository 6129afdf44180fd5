import type { TaskQueue } from '../../base/task-queue'
import { signalOfNothing, watchOf, type Held } from '../../watch/watch'
import type { KnownSession } from '../../watch/ending'
import type { EndsOfHolding } from '../../watch/watcher'
import { andThen } from '../../base/awaitable'
import type { Holder, Origin } from '../../ends/keys'
import { accessOf, type Access } from '../../session/access'
import type { RequestScope } from '../scope/request-scope'
import { isResponseOver, whenResponseOver } from '../scope/response-state'
import { loadFresh } from './outside-scope'
import { holderOf, type Stored } from '../open/stored'
import { verdictOn } from '../open/void-session'

/** What is known of a session, in the words of the watch. */
export function knownOf({ access, snapshot, created, policy, successor }: Stored): KnownSession {
  // Who has confirmed goes on in the next generation, once the token is used that was issued with the proof.
  const generation = access.generation + (successor?.proof ? 1 : 0)
  return { policy, generation, owner: snapshot.owner, expire: snapshot.lifetime._expire, created }
}

/**
 * Until when what a request presented opens its session: for one that is bound to a device, which no copy of its cookie outlives.
 *
 * @param access what the record says of its device
 */
export function deadlineIn({ config, ctx }: RequestScope, access: Access): number {
  return config.binding?.deadlineOf(ctx, access.device) ?? Infinity
}

/** Whether a session that was opened with this access is in the same hands, and what opened it is not past its time. */
export function isStillOpen(scope: RequestScope, access: Access, now: Access): boolean {
  return now.generation === access.generation && Date.now() < deadlineIn(scope, now)
}

/** What ends a session by its keys, for the watch. */
export function endsOf(scope: RequestScope, stored: () => Stored | undefined): EndsOfHolding | undefined {
  const { ends } = scope.config
  if (!ends) return undefined
  const claim = (): [Origin, Holder] | undefined => {
    const now = stored()
    return now?.origin && [now.origin, holderOf(now)]
  }
  return {
    keys: () => ends.keysOf(...(claim() ?? [NO_ORIGIN, NOBODY])),
    hasEnded: (record) => {
      const now = claim()
      const judging = record ? verdictOn(scope, stored()?.id, record) : now && ends.judge(...now)
      return andThen(judging, (verdict) => verdict !== undefined && verdict !== 'good')
    },
  }
}

const NO_ORIGIN: Origin = { id: undefined, since: undefined }
const NOBODY: Holder = { owner: undefined, data: {} }

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
    deadlineOf: (record) => deadlineIn(scope, record ? accessOf(record) : stored.access),
    ends: endsOf(scope, () => persistence.stored),
    settled: () => commits.idle(),
    load: () => loadFresh(scope, id as string),
  })
  scope.whenEnded(() => held.end())
  if (isResponseOver(ctx)) held.release()
  else whenResponseOver(ctx, () => held.release())
  return held.signal
}
