import { SessionModel } from '../../session/session-model'
import { ownerIfKnown } from '../scope/owner-if-known'
import type { RequestScope } from '../scope/request-scope'
import type { Persistence } from './persistence'

/**
 * Regenerates a session without its data: it begins anew. Where that fails, it is as it was, with what was set since; where another
 * account was set, nothing of the one before comes back.
 */
export async function beginAnew(
  session: SessionModel,
  scope: RequestScope,
  persistence: Persistence,
  regenerate: () => Promise<void>,
): Promise<void> {
  const { beginning } = persistence
  const before = SessionModel.data(session)
  SessionModel.patch(session, {}, scope.backend.serializer)
  beginning.start()
  try {
    await regenerate()
    // Where the session was lost, the one that takes its place begins.
    beginning.finish(persistence.stored === undefined)
  } catch (error) {
    const present = SessionModel.data(session)
    const owner = ownerIfKnown(scope, present)
    const isSame = owner === undefined || owner === ownerIfKnown(scope, before)
    if (isSame) SessionModel.assign(session, { ...before, ...present })
    beginning.finish(!isSame)
    throw error
  }
}
