import type { Versioned } from '../../contracts/store'
import { accessOf, decideLateWrite, type Access, type TokenHolder } from '../../session/access'
import { changedKeys, merge, ownChanges } from '../../session/merge'
import { dataOf, isExpired } from '../../session/record'
import { isAssigned, SessionModel } from '../../session/session-model'
import { copy } from '../../session/snapshot'
import { gone, type Again, type CommitJob, type Outcome } from './commit-job'
import { VERB_TRAITS } from './commit-plan'
import { isEndedByMark, checkRevoked } from './revocation'
import { removalOf, removeRecord } from './remove-record'
import { hasLostToken, isKnown, keptOf } from '../open/rotating'
import { isDead, tokenHolderOf, storedFrom, type Stored, type Superseded } from '../open/stored'
import { verdictOn } from '../open/void-session'
import type { RequestScope } from '../scope/request-scope'

/**
 * Goes on with what is stored now, where that is no longer as it was read: returns the commit that there is to make, or how
 * it ends.
 *
 * @param failed what has failed; whose the session was to be, where a change that has been taken out of it said so
 */
export async function reconcile(
  job: CommitJob,
  loaded: Versioned | null | undefined,
  failed?: Again,
): Promise<CommitJob | Outcome> {
  const { scope, session, stored, superseded } = job
  const { owner } = scope.config.options
  const { regenerates, proves } = VERB_TRAITS[job.verb]
  const mine = SessionModel.data(session)
  const read: TokenHolder = stored
    ? tokenHolderOf(stored)
    : { generation: superseded?.generation ?? 0, owner: undefined }
  const whose = failed ? failed.owner : scope.ownerOf(mine)
  const key = stored?.id ?? superseded?.id
  const live = loaded && (await isLive(scope, key, loaded)) ? loaded : undefined
  const joining = live && (await joinOf(job, live, { before: read.owner, owner: whose }))
  if (joining === 'void') return gone(scope, key)
  const found = joining === 'ended' ? undefined : live
  const access = found && accessOf(found.record)
  const holder = found && access && { generation: access.generation, owner: scope.ownerOf(found.record) }
  const opened = access && hasConfirmed(stored, access) ? { ...read, generation: access.generation } : read
  const verdict = decideLateWrite({
    opened,
    isLate: superseded !== undefined || isDead(stored, access),
    owner: whose,
    hasOwners: owner !== undefined,
    regenerates,
    confirms: proves,
    found: holder,
  })
  if (verdict === 'merge' && found && access) {
    return mergeWith(job, found, access, {
      takesTheirs: !job.beginning.isDue && !leavesBehind(job, read.owner, holder?.owner),
      isLook: failed?.isLook === true,
    })
  }
  if (verdict === 'end' && found && !regenerates) {
    await removeLeft(scope, key, found)
    return gone(scope, key)
  }
  // A request that is detached already was told so.
  if (stored ?? superseded?.loaded) scope.report('gone', key, {})
  if (verdict !== 'anew' && !regenerates) {
    const owned = holder && { id: key as string, owner: holder.owner, read: undefined }
    return { name: 'gone', elsewhere: owned }
  }
  const before = stored?.snapshot.data ?? {}
  SessionModel.patch(session, ownChanges(before, mine, scope.backend.serializer), scope.backend.serializer)
  if (verdict !== 'anew') {
    const { generation, owner } = opened
    const left = verdict === 'end' ? owner : superseded?.left
    return { name: 'detached', superseded: { id: key as string, generation, owner, loaded: undefined, left } }
  }
  job.newToken.forget()
  return { ...job, isSatisfied: true, stored: undefined, superseded: undefined, wasWritten: false, isMerged: true }
}

/** The owner has left the session that goes on without this request: it ends, where it is still theirs. */
export async function leave(job: CommitJob, { id, left }: Superseded): Promise<CommitJob> {
  const { scope } = job
  const found = await scope.load(id)
  if (found && scope.ownerOf(found.record) === left) await removeLeft(scope, id, found)
  return { ...job, superseded: undefined }
}

/** Removes the record of a session that its owner has left, as it was found. */
function removeLeft(scope: RequestScope, key: string | undefined, found: Versioned): Promise<void> {
  return removeRecord(scope, removalOf(storedFrom(scope, key, found, undefined)), 'hands')
}

/**
 * The owner has confirmed in this request, and the token that it has issued was used, or another one that was issued so: it goes on
 * in the next generation.
 */
function hasConfirmed(stored: Stored | undefined, access: Access): boolean {
  if (stored?.successor?.proof === undefined || !isKnown(stored.successor, access)) return false
  return access.generation === stored.access.generation + 1
}

/** What the account before has written is none of the next one's, where that has said what is its own. */
function leavesBehind({ scope, session }: CommitJob, before: string | undefined, found: string | undefined): boolean {
  if (before === undefined || !isAssigned(session)) return false
  const owner = scope.ownerOf(SessionModel.data(session))
  return owner !== before && owner !== found
}

/** Whether there is a session to go on with: neither past its time, nor ended by a key of it. */
async function isLive(scope: RequestScope, key: string | undefined, { record }: Versioned): Promise<boolean> {
  if (isExpired(record, scope.policyOf(record), Date.now())) return false
  return (await verdictOn(scope, key, record)) === 'good'
}

/**
 * A request that signs in where another one has just signed in as the same owner goes on with that one's session. It is a
 * sign-in all the same: void where the owner's sessions were ended meanwhile; and what was to end with them is not joined.
 */
async function joinOf(
  { scope }: CommitJob,
  { record }: Versioned,
  { before, owner }: { before: string | undefined; owner: string | undefined },
): Promise<'good' | 'void' | 'ended'> {
  const { owners } = scope.backend
  if (!owners || owner === undefined || owner === before || owner !== scope.ownerOf(record)) return 'good'
  const { mark, isRevoked } = await checkRevoked(scope, owners, owner)
  if (isRevoked) return 'void'
  return isEndedByMark(mark.notBefore, record) ? 'ended' : 'good'
}

/** @param how.takesTheirs whether it takes what others have written */
async function mergeWith(
  job: CommitJob,
  found: Versioned,
  access: Access,
  { takesTheirs, isLook }: { takesTheirs: boolean; isLook: boolean },
): Promise<CommitJob> {
  const { scope, session, stored, superseded } = job
  const id = stored?.id ?? superseded?.id
  const before = stored?.snapshot.data ?? {}
  const mine = SessionModel.data(session)
  const { serializer } = scope.backend
  if (!isLook || changedKeys(before, mine, serializer).length > 0) scope.report('conflict', id, {})
  const isRotated = stored ? hasLostToken(stored, access) : access.secret !== undefined
  const read = storedFrom(scope, id, found, isRotated ? undefined : stored?.token)
  const next = access.succession ? { ...read, ...keptOf(stored, access) } : read
  if (takesTheirs) {
    if (job.place.holds(session)) scope.followMaxAge(found.record)
    const given = copy(mine, serializer)
    const merged = await merge(before, mine, dataOf(found.record), scope.mergeOptions)
    // What the handler has set meanwhile stays, and nothing comes into a session that it has begun anew.
    const since = changedKeys(given, SessionModel.data(session), serializer)
    const keys = Object.keys({ ...mine, ...merged }).filter((key) => !since.includes(key))
    if (!job.beginning.isDue) SessionModel.patch(session, merged, serializer, keys)
  }
  // Without owners, every regenerate() begins a generation.
  const isSatisfied = job.isSatisfied || (isRotated && scope.config.options.owner !== undefined)
  return { ...job, isSatisfied, stored: next, superseded: undefined, isMerged: true }
}
