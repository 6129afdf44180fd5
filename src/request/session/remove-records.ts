import type { SessionError } from '../../base/errors'
import type { Client } from '../tell/client'
import { removeRecord, type Removal } from '../commit/remove-record'
import { endingsOf, type Known } from './known'
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
  known: Known,
): Promise<SessionError | undefined> {
  const { ends } = scope.config
  if (ends) return endCookie(scope, ends, client, known)
  const presented = scope.config.hasStore && !known.wasSought ? await seek(scope, client) : []
  const { elsewhere: id } = known
  const elsewhere = id === undefined ? [] : [{ id, cached: undefined }]
  for (const ending of [...endingsOf(known), ...elsewhere, ...presented]) await removeRecord(scope, ending)
  return undefined
}

/** No verb acts on what a client presents before the record has confirmed it. */
async function seek(scope: RequestScope, client: Client): Promise<Removal[]> {
  const opened = await openSession(scope, await client.present())
  const id = opened?.stored?.id ?? opened?.superseded?.id
  return id === undefined ? [] : [{ id, cached: opened?.stored?.isCached ? opened.stored : undefined }]
}
