import type { SessionRequest } from './session-request'
import type { Snapshot } from './snapshot'

/** Where a session rests that is about to move. */
export interface Origin {
  id: string
  base: { revision: unknown }
  snapshot: Snapshot
}

/** Lets the old record give way to the new one; where it cannot, the new one is taken back. */
export async function leave(
  request: SessionRequest,
  { id, base }: Origin,
  newId: string,
): Promise<'left' | 'conflict' | 'missing'> {
  const { backend, config, storeRequest } = request
  const { graceMs = 0 } = config.options
  const takeBack = async (): Promise<boolean> => backend.remove(newId, storeRequest)
  try {
    const outcome = await backend.leave({ id, newId, base, graceMs }, storeRequest)
    if (outcome === 'left') config.moved.set(id, true)
    else await takeBack()
    return outcome
  } catch (error) {
    await takeBack().catch(() => undefined)
    throw error
  }
}
