import { retry } from '../../base/retry'
import type { Versioned } from '../../contracts/store'
import { rotatingStatusOf } from '../../rotation/token-status'
import { accessOf } from '../../session/access'
import { isExpired } from '../../session/record'
import { signInInfoOf } from '../../session/sign-in-info'
import { handleOf, type Token } from '../../session/token'
import type { RequestScope } from '../scope/request-scope'
import { presentingOf } from './rotating'
import { isValid, noteVoid, readAtOf, removeVoid, verdictOn } from './void-session'

/** A token that was replaced has come back. */
export interface Replay {
  readonly token: Token
  /** The record, as the shared store has just answered it. */
  readonly loaded: Versioned
}

/**
 * Ends the session of which a copy came back, or reports the copy alone. The record is removed as it was read: where another
 * request was faster, it is read and judged again, and of all processes the one that removes it tells. A process without
 * `rotateEvery` ends nothing: who takes the option back loses no session by it.
 *
 * @throws {SessionError} `ERR_SESSION_STORE` where the store fails, as at a logout
 */
export async function concludeReplay(scope: RequestScope, { token, loaded }: Replay): Promise<void> {
  const { rotation, copyReports } = scope.config
  const isEnded = rotation?.onReplay === 'end'
  let found: Versioned | null | undefined = loaded
  await retry(async () => {
    if (!found || !isReplay(scope, token, found) || (await isOver(scope, token, found))) return true
    scope.noteRefusal(token.text, 'replayed')
    if (!isEnded) {
      if (copyReports.isDue(token.id, Date.now())) tell(scope, token.id, found, { isEnded })
      return true
    }
    const at = readAtOf(found)
    if (await scope.traceReplay(token.id, () => scope.backend.remove(token.id, scope.storeContext, at))) {
      tell(scope, token.id, found, { isEnded })
      scope.reportEnd(token.id, scope.ownerOf(found.record), 'replay')
      return true
    }
    found = await scope.load(token.id)
    return undefined
  })
}

/** Nobody signed in is nobody's copy. */
export function isReplay(scope: RequestScope, token: Token, { record, isCached }: Versioned): boolean {
  if (isCached || scope.ownerOf(record) === undefined) return false
  if (isExpired(record, scope.policyOf(record), Date.now())) return false
  return rotatingStatusOf(token, accessOf(record), presentingOf(scope)).name === 'replay'
}

/** Whether something else has ended the session: then there is nothing that a copy could open. It is asked as at an opening. */
async function isOver(scope: RequestScope, { id, text }: Token, found: Versioned): Promise<boolean> {
  const verdict = await verdictOn(scope, id, found.record)
  if (verdict !== 'good') {
    noteVoid(scope, text, found.record, id, verdict)
    await removeVoid(scope, id, found, verdict)
    return true
  }
  if (await isValid(scope, found.record)) return false
  scope.noteRefusal(text, 'invalid')
  return true
}

function tell(scope: RequestScope, id: string, { record }: Versioned, { isEnded }: { isEnded: boolean }): void {
  const owner = scope.ownerOf(record) as string
  scope.report('replayed', id, { owner, handle: handleOf(id), device: signInInfoOf(record).device, isEnded })
}
