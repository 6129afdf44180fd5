import { andThen, type Awaitable } from '../../base/awaitable'
import { fingerprint } from '../../session/token'
import type { Ends } from '../../ends/ends'
import { newId, type Holder, type Origin } from '../../ends/keys'
import type { Arrival } from '../../ends/beginning'
import type { EndedReason } from '../../session/events'
import type { RecordLifetime } from '../../session/record'
import type { Content } from '../../session/snapshot'
import type { CommitJob } from './commit-job'
import type { WritePlan } from './commit-plan'
import { holderOf, type Stored } from '../open/stored'
import type { RequestScope } from '../scope/request-scope'

/**
 * Where a session that is about to be written begins. With another owner it is another session, which begins now: what it was
 * before is ended first, where it rests in its cookie. Undefined where it has ended, or was ended before it could begin.
 */
export function originFor(
  job: CommitJob,
  ends: Ends,
  content: Content,
  plan: WritePlan,
): Awaitable<Origin | undefined> {
  const { scope, stored } = job
  const after = { owner: scope.ownerOf(content.data), data: content.data }
  const goesOn = stored && !isAnother(job, stored, after)
  return andThen(goesOn ? goOn(scope, ends, stored, after, plan) : begin(job, ends, after), (origin) => {
    if (!origin) return undefined
    const noting = scope.maxAge === 'session' ? undefined : ends.noteLife(scope.maxAge)
    // What has been heard of meanwhile counts as well: the cookie of a session that has ended is not sent again.
    return andThen(noting, () => (ends.isKnownToHaveEnded(origin, after) ? undefined : origin))
  })
}

/** What a record in a store says of it: under another key than its first one, its id as well. */
export function originFields({ id, since }: Origin, key: string): RecordLifetime {
  if (since === undefined) return {}
  return id === key ? { _since: since } : { _id: id, _since: since }
}

/** What a cookie says of it. One without an end of its own gets one: no end of a key could ever be forgotten otherwise. */
export function cookieOriginFields({ id, since }: Origin, { _expire }: RecordLifetime, expire: number): RecordLifetime {
  return { _expire: _expire ?? expire, _id: id, _since: since }
}

function isAnother({ beginning }: CommitJob, { snapshot }: Stored, { owner }: Holder): boolean {
  return beginning.isDue || snapshot.owner !== owner
}

async function begin({ scope, stored }: CommitJob, ends: Ends, after: Holder): Promise<Origin | undefined> {
  const since = await ends.begin(after, scope.arrival as Arrival)
  if (since === undefined) return undefined
  if (scope.config.hasStore) return { id: undefined, since }
  // Another session of the same account has taken its place after a logout.
  if (stored) await endBefore(scope, ends, stored, stored.snapshot.owner === after.owner ? 'logout' : 'hands')
  return { id: newId(), since }
}

function goOn(
  scope: RequestScope,
  ends: Ends,
  stored: Stored,
  after: Holder,
  { reason }: WritePlan,
): Awaitable<Origin | undefined> {
  const origin = stored.origin as Origin
  // In a store, a longer life is all that is written.
  if (scope.config.hasStore && (reason === 'rolling' || reason === 'renew')) return origin
  return andThen(ends.goOn(origin, holderOf(stored), after, scope.arrival as Arrival), (since) =>
    since === undefined ? undefined : { id: origin.id ?? newId(), since },
  )
}

/** Ends what was somebody's, and tells so once. One of before there were ends has no id that could be ended. */
export async function endBefore(scope: RequestScope, ends: Ends, stored: Stored, reason: EndedReason): Promise<void> {
  const { id } = stored.origin as Origin
  const holder = holderOf(stored)
  if (id === undefined || ends.isNobodys(holder) || ends.isKnownToHaveEnded(stored.origin as Origin, holder)) return
  if (!(await ends.endId(id))) return
  const { owner } = holder
  scope.config.emit('ended', {
    reason,
    session: fingerprint(id),
    ...(owner !== undefined && { owner }),
    ctx: scope.ctx,
  })
}
