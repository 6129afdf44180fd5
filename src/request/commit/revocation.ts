import { SessionError } from '../../base/errors'
import type { Owners, TimedMark } from '../../contracts/backend'
import type { OwnedRecord } from '../../contracts/store'
import type { SessionConfig } from '../../config/config'
import { isExpired, type SessionRecord } from '../../session/record'
import { signInInfoOf } from '../../session/sign-in-info'
import { originOf } from '../open/stored'
import type { Beginning } from '../scope/acting-since'
import type { RequestScope } from '../scope/request-scope'

/** How far a mark may be ahead of the clock that it was set by, in milliseconds: some clocks tell no less. */
const COARSE_MS = 2
/** How often it is asked again where the answers do not say which was first. */
const MAX_LOOKS = 3

/** What an owner's mark says of a sign-in. */
export interface Revocation {
  readonly mark: TimedMark
  /** The owner's sessions were all ended after this request had come. */
  readonly isRevoked: boolean
}

/**
 * Looks at the owner's mark. The time in the answer is the store's, and the request's age is measured by one clock: so it does
 * not matter how the clocks of processes differ.
 *
 * @throws {SessionError} `ERR_SESSION_UNSURE` where the answers take too long to say which was first
 */
export async function checkRevoked(scope: RequestScope, owners: Owners, owner: string): Promise<Revocation> {
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    const mark = await owners.readMark(owner)
    const came = cameIn(scope.beginningFor(owner), mark)
    if (came !== 'unsure') return { mark, isRevoked: came === 'before' }
  }
  throw unsure()
}

/** Whether a request came before an owner's mark was set, or after that. */
export function cameIn(
  { at, mark = -Infinity }: Beginning,
  { now, notBefore = -Infinity, ahead }: TimedMark,
): 'before' | 'after' | 'unsure' {
  if (notBefore <= mark || at + ahead.from > notBefore) return 'after'
  // The store's clock was set back since.
  if (notBefore > now + COARSE_MS) return 'unsure'
  return at + ahead.to <= notBefore ? 'before' : 'unsure'
}

/** Whether a session of this record ends with an owner's mark: who signed in had not seen it. */
export function isEndedByMark(notBefore = -Infinity, record: SessionRecord): boolean {
  return (signInInfoOf(record).signIn?.mark ?? -Infinity) < notBefore
}

/** The records of an owner that are sessions of that owner, as the options are now. */
export async function liveRecordsOf(config: SessionConfig, owners: Owners, owner: string): Promise<OwnedRecord[]> {
  const now = Date.now()
  const records = await owners.listByOwner(owner)
  const live = records.filter(({ record }) => isLive(config, record, owner, now))
  if (!config.ends) return live
  const goOn = await config.ends.whichGoOn(
    live.map(({ key, record }) => [originOf(record, key), { owner, data: record }]),
  )
  return live.filter((_found, index) => goOn[index])
}

/** Where a function of the application's fails, what the index says counts: what is to be ended is not spared for that. */
function isLive({ ownerOf, policyOf }: SessionConfig, record: SessionRecord, owner: string, now: number): boolean {
  try {
    return ownerOf(record) === owner && !isExpired(record, policyOf(record), now)
  } catch {
    return true
  }
}

function unsure(): SessionError {
  return new SessionError(
    'ERR_SESSION_UNSURE',
    'Somebody has just ended all sessions of this owner, and the answers of the store took too long to say whether the ' +
      'sign-in began before that or after it. Nothing was written: sign in again.',
    { status: 503 },
  )
}
