import { VERB_TRAITS } from './commit-plan'
import { SessionError } from '../../base/errors'
import { retry } from '../../base/retry'
import type { Write, WriteResult } from '../../contracts/backend'
import { ttlOf } from '../../options/options'
import { accessFields, accessOf, type Access } from '../../session/access'
import { merge } from '../../session/merge'
import { dataOf, lifetimeFields, type Dictionary } from '../../session/record'
import { contentOf } from '../../session/snapshot'
import { signInFields } from '../../session/sign-in-info'
import { leftOf, type Stored } from '../open/stored'
import type { RequestScope } from '../scope/request-scope'
import { canStillTell } from '../scope/response-state'
import { gone, type CommitJob, type Outcome } from './commit-job'
import { originFields } from './origin'
import { removeRecord, type Removal } from './remove-record'

export type Written = Outcome & { name: 'written' }

/** Whether what was written has changed the client's token, and nothing can tell it any more: it has gone meanwhile. */
export function isMissed({ scope }: CommitJob, outcome: Outcome): boolean {
  if (outcome.name !== 'written' || !outcome.isRotated || outcome.before?.id === undefined) return false
  return !scope.isOutside && !canStillTell(scope.ctx)
}

/**
 * The client has gone while its new token was written: the one that it holds opens the session again. Who was signed in with it
 * and has left it is out all the same.
 *
 * @throws {SessionError} `ERR_SESSION_HEADERS_SENT` where the new token was asked for
 */
export async function takeBack({ scope, verb }: CommitJob, outcome: Written): Promise<Outcome> {
  const { stored } = outcome
  const before = outcome.before as Stored
  const changesOwner = before.snapshot.owner !== stored.snapshot.owner
  const { owner } = before.snapshot
  if (changesOwner && owner !== undefined) return endUnseen(scope, { id: stored.id as string, owner, read: undefined })
  const isAskedFor = changesOwner || VERB_TRAITS[verb].rotates
  await putBack(scope, before, stored, { keepsData: !isAskedFor })
  if (isAskedFor) throw tooLateToRotate()
  return { name: 'unchanged', tell: 'nothing', stored: before, superseded: undefined, isMerged: false }
}

/** The session belongs to somebody else from now on, and the client cannot be told: nobody goes on with it. */
export async function endUnseen(scope: RequestScope, removal: Removal): Promise<Outcome> {
  await removeRecord(scope, removal, 'hands')
  return gone(scope, removal.id)
}

/**
 * Undoes a write that nobody was told of: the token that the client holds opens the record, and the data are as they were, but for
 * what others have written since. A session that was new is removed.
 *
 * @param before what was stored; undefined for a session that was new
 * @param options.keepsData whether what was written stays, and only the token is undone
 */
export async function putBack(
  scope: RequestScope,
  before: Stored | undefined,
  written: Stored,
  { keepsData = false }: { keepsData?: boolean } = {},
): Promise<void> {
  const { config, ctx } = scope
  if (before?.id === undefined) return removeWritten(scope, written)
  const data = (keepsData ? written : before).snapshot.data
  if (before.id === written.id) {
    const { once } = (keepsData ? written : before).access
    await writeOver(scope, withOnce(before, once), written, data)
  } else {
    // A store without conditional writes has it under another id.
    await write(scope, before, data, undefined)
    await removeWritten(scope, written)
  }
  config.publish(ctx, 'rotated', before.id, before.access.generation)
}

/**
 * Others of the same generation may have written meanwhile: what they have changed stays. What a later generation has written does
 * not: the earlier token would show it.
 */
async function writeOver(scope: RequestScope, first: Stored, written: Stored, undone: Dictionary): Promise<void> {
  const { serializer } = scope.backend
  let { revision } = written
  let before = first
  let data = undone
  let isMerged = false
  await retry(async () => {
    const { outcome } = await write(scope, before, data, { revision }, { keepsLife: isMerged })
    if (outcome !== 'conflict') return outcome
    const found = await scope.load(written.id as string)
    if (!found || accessOf(found.record).secret !== written.access.secret) return outcome
    revision = found.revision
    if (written.access.generation !== before.access.generation) return undefined
    before = withOnce(before, accessOf(found.record).once)
    data = await merge(written.snapshot.data, undone, dataOf(found.record), { serializer })
    isMerged = true
    return undefined
  })
}

/** What others are at work on meanwhile is not undone. */
function withOnce(stored: Stored, once: Access['once']): Stored {
  return stored.access.once === once ? stored : { ...stored, access: { ...stored.access, once } }
}

async function write(
  scope: RequestScope,
  before: Stored,
  data: Dictionary,
  readAt: Write['readAt'],
  { keepsLife = false }: { keepsLife?: boolean } = {},
): Promise<WriteResult> {
  const context = scope.storeContextFor(before.snapshot.owner)
  if (keepsLife) context.keepsLife = true
  return scope.backend.write(writeOf(scope, before, data, readAt), context)
}

async function removeWritten({ backend, storeContext }: RequestScope, written: Stored): Promise<void> {
  const at = { revision: written.revision, expire: written.snapshot.lifetime._expire }
  await backend.remove(written.id as string, storeContext, at)
}

function writeOf({ backend, config }: RequestScope, before: Stored, data: Dictionary, readAt: Write['readAt']): Write {
  const { id, access, signInInfo, snapshot, origin } = before
  const { text } = contentOf(data, backend.serializer)
  const lifetime = { ...lifetimeFields(snapshot.lifetime), ...accessFields(access), ...signInFields(signInInfo) }
  if (origin) Object.assign(lifetime, originFields(origin, id as string))
  return { id, data, text, lifetime, ttl: ttlOf(leftOf(before), config.options.ttl), readAt, reason: 'forced' }
}

export function tooLateToRotate(): SessionError {
  return new SessionError(
    'ERR_SESSION_HEADERS_SENT',
    'The session was to be given a new token, by a sign-in or by regenerate() or confirm(), and it could not reach the ' +
      'client: the response had begun, or the client had gone. Nothing was changed. Do it before the first byte is written.',
  )
}
