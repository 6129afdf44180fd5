import type { Write } from '../../contracts/backend'
import { ttlOf } from '../../options/options'
import { accessFields } from '../../session/access'
import { lifetimeFields } from '../../session/record'
import { contentOf } from '../../session/snapshot'
import { tenureFields } from '../../session/tenure'
import { leftOf, type Stored } from '../open/stored'
import type { RequestScope } from '../scope/request-scope'

/**
 * Undoes a write that nobody was told of, as long as nobody has written since: the record is as it was read, and the token
 * that the client holds opens it. A session that was new is removed.
 *
 * @param before what was stored; undefined for a session that was new
 */
export async function putBack(scope: RequestScope, before: Stored | undefined, written: Stored): Promise<void> {
  const { backend, config, ctx } = scope
  if (before?.id === undefined) return removeWritten(scope, written)
  const isSame = before.id === written.id
  const readAt = isSame ? { revision: written.revision } : undefined
  await backend.write(writeOf(scope, before, readAt), scope.storeContextFor(before.snapshot.owner))
  // A store without conditional writes has it under another id.
  if (!isSame) await removeWritten(scope, written)
  config.tell(ctx, 'rotated', before.id, before.access.hands)
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
