import { accessOf } from '../../session/access'
import { isDead, type Stored } from '../open/stored'
import type { RequestScope } from '../scope/request-scope'

/** A record that ends with its session. */
export interface Removal {
  readonly id: string
  /** What was read of it from a cache: the client's token may no longer open the record. */
  readonly cached: Stored | undefined
}

/** What was read from a cache is removed as it was read, or once the record itself has confirmed the token. */
export async function removeRecord(scope: RequestScope, { id, cached }: Removal): Promise<void> {
  const { backend, storeContext } = scope
  if (cached) {
    const at = { revision: cached.revision, expire: cached.snapshot.lifetime._expire }
    if (await backend.remove(id, storeContext, at)) return
    const found = await scope.load(id)
    if (!found || isDead(cached, accessOf(found.record))) return
  }
  await backend.remove(id, storeContext)
}
