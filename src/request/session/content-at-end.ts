import type { SessionModel } from '../../session/session-model'
import type { Content } from '../../session/snapshot'
import { contentIn, isAtRest } from '../open/stored'
import type { RequestScope } from '../scope/request-scope'
import type { Known } from './known'

/** What of a session's stored side says whether its end needs a plan. */
interface StoredSide {
  readonly known: Known
  readonly client: { readonly wasTold: boolean }
  readonly mayNeedCommit: boolean
}

/**
 * What is in the session at the end of its request. Most requests change nothing, and need no plan for it. Undefined where there may
 * be something else to do.
 */
export function contentAtEnd(
  session: SessionModel,
  side: StoredSide,
  scope: RequestScope,
): Content | 'unchanged' | undefined {
  const { stored, superseded, hasReplaced } = side.known
  if (!stored || superseded || hasReplaced || side.client.wasTold || side.mayNeedCommit) return undefined
  try {
    const content = contentIn(session, scope)
    return isAtRest(stored, content, scope) ? 'unchanged' : content
  } catch (error) {
    scope.noteFailure(error)
    throw error
  }
}
