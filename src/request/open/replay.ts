import { retry } from '../../base/retry'
import type { Versioned } from '../../contracts/store'
import { rotatingStatusOf } from '../../rotation/token-status'
import { accessOf } from '../../session/access'
import { isExpired } from '../../session/record'
import { signInInfoOf } from '../../session/sign-in-info'
import { handleOf, type Token } from '../../session/token'
import type { RequestScope } from '../scope/request-scope'
import { presentingOf } from './rotating'

/** A token that was replaced has come back. */
export interface Replay {
  readonly token: Token
  /** The record, as the shared store has just answered it. */
  readonly loaded: Versioned
}

/**
 * Ends the session of which a copy came back, or reports the copy alone. The record is removed as it was read: where another
 * request was faster, it is read and judged again, and of all processes the one that removes it tells.
 *
 * @throws {SessionError} `ERR_SESSION_STORE` where the store fails, as at a logout
 */
export async function concludeReplay(scope: RequestScope, { token, loaded }: Replay): Promise<void> {
  const { rotation } = scope.config
  if (rotation?.onReplay === 'report') {
    if (rotation.reports(token.id, Date.now())) tell(scope, token.id, loaded, { isEnded: false })
    return
  }
  let found: Versioned | null | undefined = loaded
  await retry(async () => {
    if (!found || !isReplay(scope, token, found)) return true
    const { record, revision } = found
    const expire = typeof record._expire === 'number' ? record._expire : undefined
    if (await scope.backend.remove(token.id, scope.storeContext, { revision, expire })) {
      tell(scope, token.id, found, { isEnded: true })
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

function tell(scope: RequestScope, id: string, { record }: Versioned, { isEnded }: { isEnded: boolean }): void {
  const owner = scope.ownerOf(record) as string
  scope.report('replayed', id, { owner, handle: handleOf(id), device: signInInfoOf(record).device, isEnded })
}
