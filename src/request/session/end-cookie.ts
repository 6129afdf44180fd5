import { SessionError } from '../../base/errors'
import type { Ends } from '../../ends/ends'
import { endBefore } from '../commit/origin'
import { openSession } from '../open/open-session'
import type { RequestScope } from '../scope/request-scope'
import type { Client } from '../tell/client'
import type { Ending } from './known'

/**
 * Ends a session that rests in its cookie, so that no copy of it opens. Returns why it could not: the cookie is cleared all
 * the same.
 */
export async function endCookie(
  scope: RequestScope,
  ends: Ends,
  client: Client,
  { known, reason }: Ending,
): Promise<SessionError | undefined> {
  try {
    const stored = known.wasSought ? known.stored : (await openSession(scope, await client.present()))?.stored
    if (stored?.origin) await endBefore(scope, ends, stored, reason)
    return undefined
  } catch (error) {
    const failure = notEnded(error)
    if (!ends.accepts) return failure
    scope.report('error', undefined, { error: failure })
    return undefined
  }
}

function notEnded(error: unknown): SessionError {
  const { code, cause, message } = error as Partial<SessionError>
  return new SessionError(
    code ?? 'ERR_SESSION_STORE',
    'The session cookie was cleared, and the end of the session could not be written: a copy of the cookie may open it still. ' +
      `Once the store of ends takes writes, end all sessions of the account: sessions.end('owner:...'). ${message}`,
    { status: 503, cause },
  )
}
