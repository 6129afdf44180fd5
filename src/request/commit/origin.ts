import { fingerprint } from '../../session/token'
import type { Ends } from '../../ends/ends'
import type { Holder, Origin } from '../../ends/keys'
import type { Arrival } from '../../ends/beginning'
import type { EndedReason } from '../../session/events'
import type { RecordLifetime } from '../../session/record'
import type { Content } from '../../session/snapshot'
import type { CommitJob } from './commit-job'
import { holderOf, type Stored } from '../open/stored'
import type { RequestScope } from '../scope/request-scope'

/**
 * Where a session that is about to be written into its cookie begins. With another owner it is another session, which begins
 * now: what it was before is ended first. Undefined where it has ended, or was ended before it could begin.
 */
export async function originFor(job: CommitJob, ends: Ends, content: Content): Promise<Origin | undefined> {
  const { scope, stored } = job
  const after = { owner: scope.ownerOf(content.data), data: content.data }
  const origin = await (stored && !isAnother(job, stored, after)
    ? goOn(scope, ends, stored, after)
    : begin(job, ends, after))
  if (origin && scope.maxAge !== 'session') await ends.noteLife(scope.maxAge)
  // What has been heard of meanwhile counts as well: the cookie of a session that has ended is not sent again.
  return origin && !ends.isKnownToHaveEnded(origin, after) ? origin : undefined
}

/** What a record says of it. A cookie without an end of its own gets one: no end of a key could ever be forgotten otherwise. */
export function originFields({ id, since }: Origin, { _expire }: RecordLifetime, expire: number): RecordLifetime {
  return { _expire: _expire ?? expire, _id: id, _since: since }
}

function isAnother({ startsOver }: CommitJob, { snapshot }: Stored, { owner }: Holder): boolean {
  return startsOver || snapshot.owner !== owner
}

async function begin({ scope, stored }: CommitJob, ends: Ends, after: Holder): Promise<Origin | undefined> {
  const since = await ends.begin(after, scope.arrival as Arrival)
  if (since === undefined) return undefined
  // Another session of the same account has taken its place after a logout.
  if (stored) await endBefore(scope, ends, stored, stored.snapshot.owner === after.owner ? 'logout' : 'hands')
  return { id: ends.newId(), since }
}

async function goOn(scope: RequestScope, ends: Ends, stored: Stored, after: Holder): Promise<Origin | undefined> {
  const origin = stored.origin as Origin
  const since = await ends.goOn(origin, holderOf(stored), after, scope.arrival as Arrival)
  return since === undefined ? undefined : { id: origin.id ?? ends.newId(), since }
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
