import type { Client } from './client'
import { recordsOf, type Known } from './known'
import { openSession } from './open-session'
import type { RequestScope } from './request-scope'

/** Removes every record that ends with a session; where none was read yet, the one that the client's token opens. */
export async function removeRecords(scope: RequestScope, client: Client, known: Known): Promise<void> {
  const presented = scope.config.hasStore && !known.wasSought ? await seek(scope, client) : undefined
  for (const id of [...recordsOf(known), presented]) {
    if (id !== undefined) await scope.backend.remove(id, scope.storeContext)
  }
}

/** No verb acts on what a client presents before the record has confirmed it. */
async function seek(scope: RequestScope, client: Client): Promise<string | undefined> {
  const opened = await openSession(scope, await client.present())
  return opened?.stored?.id ?? opened?.superseded?.id
}
