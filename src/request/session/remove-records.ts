import type { SessionError } from '../../base/errors'
import type { Client } from '../tell/client'
import { removeRecord, type Removal } from '../commit/remove-record'
import { endingsOf, removalBehind, type Ending } from './known'
import { endCookie } from './end-cookie'
import { openSession } from '../open/open-session'
import type { RequestScope } from '../scope/request-scope'

/**
 * Removes every record that ends with a session; where none was read yet, the one that the client's token opens. Returns why a
 * session in its cookie could not be ended: the client forgets it all the same.
 */
export async function removeRecords(
  scope: RequestScope,
  client: Client,
  ending: Ending,
): Promise<SessionError | undefined> {
  const { known, reason } = ending
  const { ends, hasStore } = scope.config
  if (!hasStore) return ends && endCookie(scope, ends, client, ending)
  const presented = known.wasSought ? undefined : await seek(scope, client)
  for (const removal of [...endingsOf(known), known.elsewhere, presented]) {
    if (removal) await removeRecord(scope, removal, reason)
  }
  return undefined
}

/** No verb acts on what a client presents before the record has confirmed it. */
async function seek(scope: RequestScope, client: Client): Promise<Removal | undefined> {
  const opened = await openSession(scope, await client.present())
  return opened && removalBehind({ stored: opened.stored, superseded: opened.superseded })
}
