import { retry } from '../../base/retry'
import type { Write, WriteResult } from '../../contracts/backend'
import { ttlOf } from '../../options/options'
import { accessFields, accessOf } from '../../session/access'
import { lifetimeFields } from '../../session/record'
import { contentOf } from '../../session/snapshot'
import { tenureFields } from '../../session/tenure'
import { leftOf, type Stored } from '../open/stored'
import type { RequestScope } from '../scope/request-scope'

/**
 * Undoes a write that nobody was told of: the record is as it was read, and the token that the client holds opens it. A session
 * that was new is removed.
 *
 * @param before what was stored; undefined for a session that was new
 */
export async function putBack(scope: RequestScope, before: Stored | undefined, written: Stored): Promise<void> {
  const { config, ctx } = scope
  if (before?.id === undefined) return removeWritten(scope, written)
  if (before.id === written.id) {
    await writeOver(scope, before, written)
  } else {
    // A store without conditional writes has it under another id.
    await write(scope, before, undefined)
    await removeWritten(scope, written)
  }
  config.tell(ctx, 'rotated', before.id, before.access.hands)
}

/** As long as nobody but this request knows the token: who has gone on with what was written would have none that opens it. */
async function writeOver(scope: RequestScope, before: Stored, written: Stored): Promise<void> {
  let { revision } = written
  await retry(async () => {
    const { outcome } = await write(scope, before, { revision })
    if (outcome !== 'conflict') return outcome
    const found = await scope.load(written.id as string)
    if (!found || accessOf(found.record).secret !== written.access.secret) return outcome
    revision = found.revision
    return undefined
  })
}

async function write(scope: RequestScope, before: Stored, readAt: Write['readAt']): Promise<WriteResult> {
  return scope.backend.write(writeOf(scope, before, readAt), scope.storeContextFor(before.snapshot.owner))
}

async function removeWritten({ backend, storeContext }: RequestScope, written: Stored): Promise<void> {
  const at = { revision: written.revision, expire: written.snapshot.lifetime._expire }
  await backend.remove(written.id as string, storeContext, at)
}

function writeOf({ backend, config }: RequestScope, before: Stored, readAt: Write['readAt']): Write {
  const { id, access, tenure, snapshot } = before
  const { data, text } = contentOf(snapshot.data, backend.serializer)
  const lifetime = { ...lifetimeFields(snapshot.lifetime), ...accessFields(access), ...tenureFields(tenure) }
  return { id, data, text, lifetime, ttl: ttlOf(leftOf(before), config.options.ttl), readAt, reason: 'forced' }
}
