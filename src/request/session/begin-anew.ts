import type { Backend } from '../../contracts/backend'
import { SessionModel } from '../../session/session-model'
import type { Persistence } from './persistence'

/** Regenerates a session without its data: it begins anew, or is as it was where that fails. */
export async function beginAnew(
  session: SessionModel,
  { serializer }: Pick<Backend, 'serializer'>,
  persistence: Persistence,
  regenerate: () => Promise<void>,
): Promise<void> {
  const data = SessionModel.data(session)
  SessionModel.patch(session, {}, serializer)
  persistence.startOver(true)
  try {
    await regenerate()
  } catch (error) {
    SessionModel.assign(session, data)
    persistence.startOver(false)
    throw error
  }
}
