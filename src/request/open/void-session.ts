import { andThen, type Awaitable } from '../../base/awaitable'
import type { ReadAt, Versioned } from '../../contracts/store'
import type { Verdict } from '../../ends/judgement'
import type { SessionRecord } from '../../session/record'
import { withoutControls } from '../../session/access'
import { inHook } from '../scope/hooks'
import { ownerIfKnown } from '../scope/owner-if-known'
import type { RequestScope } from '../scope/request-scope'
import { originOf } from './stored'

/** Whether the session of a record goes on, by the ends of its keys; without the option `ends`, it does. */
export function verdictOn(scope: RequestScope, key: string | undefined, record: SessionRecord): Awaitable<Verdict> {
  const { ends } = scope.config
  return ends ? ends.judge(originOf(record, key), { owner: scope.ownerOf(record), data: record }) : 'good'
}

/**
 * Removes the record of a session that is void, as it was read. Whoever has removed it tells so. Returns whether it is there no
 * more.
 */
export function removeVoid(
  scope: RequestScope,
  key: string,
  found: Versioned,
  verdict: Exclude<Verdict, 'good'>,
): Awaitable<boolean> {
  return andThen(scope.backend.remove(key, scope.storeContext, readAtOf(found)), (removed) => {
    if (removed) scope.reportEnd(key, ownerIfKnown(scope, found.record), verdict === 'lost' ? 'lost' : 'key')
    return removed
  })
}

/** Takes note that a token was refused, as its session is void, and by what it has ended. */
export function noteVoid(
  scope: RequestScope,
  token: string,
  record: SessionRecord,
  key: string | undefined,
  verdict: Exclude<Verdict, 'good'>,
): void {
  scope.noteRefusal(token, verdict === 'lost' ? 'ends-lost' : 'ended')
  if (verdict === 'lost' || scope.trouble?.endedBy) return
  const holder = { owner: ownerIfKnown(scope, record), data: record }
  scope.noteTrouble({ endedBy: scope.config.ends?.endedBy(originOf(record, key), holder) })
}

/** Whether the application accepts a session, as far as it wants to say. */
export function isValid(scope: RequestScope, record: SessionRecord): Awaitable<unknown> {
  const { valid } = scope.settings
  return valid ? inHook(scope, () => valid(scope.ctx, withoutControls(record))) : true
}

/** What a record was when it was read. */
export function readAtOf({ record, revision }: Versioned): ReadAt {
  const { _expire } = record
  return { revision, expire: typeof _expire === 'number' ? _expire : undefined }
}
