import { accessOf } from '../session/access'
import type { Client } from './client'
import { endingsOf, type Ending, type Known } from './known'
import { openSession } from './open-session'
import type { RequestScope } from './request-scope'
import { isDead } from './stored'

/** Removes every record that ends with a session; where none was read yet, the one that the client's token opens. */
export async function removeRecords(scope: RequestScope, client: Client, known: Known): Promise<void> {
  const presented = scope.config.hasStore && !known.wasSought ? await seek(scope, client) : []
  for (const ending of [...endingsOf(known), ...presented]) await removeRecord(scope, ending)
}

/** What was read from a cache is removed as it was read, or once the record itself has confirmed the token. */
export async function removeRecord(scope: RequestScope, { id, cached }: Ending): Promise<void> {
  const { backend, storeContext } = scope
  if (cached) {
    const at = { revision: cached.revision, expire: cached.snapshot.lifetime._expire }
    if (await backend.remove(id, storeContext, at)) return
    const found = await scope.load(id)
    if (!found || isDead(cached, accessOf(found.record))) return
  }
  await backend.remove(id, storeContext)
}

/** No verb acts on what a client presents before the record has confirmed it. */
async function seek(scope: RequestScope, client: Client): Promise<Ending[]> {
  const opened = await openSession(scope, await client.present())
  const id = opened?.stored?.id ?? opened?.superseded?.id
  return id === undefined ? [] : [{ id, cached: opened?.stored?.isCached ? opened.stored : undefined }]
}
