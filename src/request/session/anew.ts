import { SessionModel } from '../../session/session-model'
import type { Serializer } from '../../session/serializer'
import type { Persistence } from './persistence'

/** Does the work that lets an emptied session begin anew; where that fails, it is as it was. */
export async function anew(
  session: SessionModel,
  serializer: Serializer,
  persistence: Persistence,
  work: () => Promise<void>,
): Promise<void> {
  const data = SessionModel.data(session)
  SessionModel.patch(session, {}, serializer)
  persistence.startOver(true)
  try {
    await work()
  } catch (error) {
    SessionModel.assign(session, data)
    persistence.startOver(false)
    throw error
  }
}
