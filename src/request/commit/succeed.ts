import { SessionError } from '../../base/errors'
import { needsConditions } from '../../options/rotation'
import type { RequestScope } from '../scope/request-scope'
import { begun, issue, lineByOrder, noteUse, rotateByOrder, type TokenChange } from '../../rotation/changes'
import { graceOf } from '../../rotation/rotation'
import type { Opening } from '../../rotation/token-status'
import type { Access } from '../../session/access'
import type { Confirmation } from '../../session/sign-in-info'
import { makeLongToken, makeToken, parseToken, type Token } from '../../session/token'
import { familyOf, successorOf, type IssuedSuccessor } from '../open/rotating'
import type { Stored } from '../open/stored'
import type { CommitJob } from './commit-job'
import type { Rotation } from './commit-plan'

/** What a write makes of a session's tokens. */
export interface Succeeded {
  readonly access: Access
  /** What the response hands over in the place of the client's token, which stays good. */
  readonly successor?: IssuedSuccessor
  /** What is left to note at the end of the request. */
  readonly opening?: Opening
  /** The session is confirmed with this write. */
  readonly confirmed?: Confirmation
}

/** Lets a token be noted or issued; undefined where that is no matter of a token which changes while its visitor works. */
export function succeed({ scope, stored, method }: CommitJob, rotation: Rotation): Succeeded | undefined {
  const { id, access, token, opening, successor } = stored as Stored
  const now = Date.now()
  if (rotation === 'none') return opening || successor ? { access, opening, successor } : undefined
  const presented = token === undefined ? undefined : parseToken(token)
  const family = familyOf(stored as Stored)
  if (!presented && family === undefined) return undefined
  const place = opening?.place ?? 'current'
  const note = (): TokenChange => noteUse(presented as Token, place, access, now, graceOf(scope.config.rotation))
  if (rotation === 'use') return { ...note(), successor }
  if (rotation !== 'issue' && rotation !== 'proof') return undefined
  const proof = rotation === 'proof' ? proofOf(method, now) : undefined
  // A successor that is used first, and then has one itself: otherwise its own proof would end that.
  const used = opening?.isUse ? note() : undefined
  const from = { id: id as string, family }
  const issued = issue(from, used ? 'current' : place, used?.access ?? access, now, proof)
  return { access: issued.access, successor: successorOf(issued.token, proof), confirmed: used?.confirmed }
}

/**
 * Rotates a token by order: all earlier ones are dead.
 *
 * @param owner whose the session is from now on
 */
export function rotateAtOnce(
  { scope, stored, method }: CommitJob,
  rotation: Rotation,
  owner: string | undefined,
): Succeeded & { rotated: Token } {
  const { id, access, snapshot, successor, opening } = stored as Stored
  const now = Date.now()
  const isSameOwner = snapshot.owner === owner
  const pending = isSameOwner ? (successor?.proof ?? opening?.proof) : undefined
  const confirmed = rotation === 'proof' ? proofOf(method, now) : pending
  // What was confirmed in this request is so with the new token, and with no earlier one.
  const isNewGeneration = rotation === 'generation' || confirmed !== undefined
  const isKept = isSameOwner && access.succession !== undefined
  const isLong = owner !== undefined && (isKept || scope.config.rotation !== undefined)
  const family = isSameOwner ? familyOf(stored as Stored) : undefined
  const rotated = isLong
    ? makeLongToken(id as string, lineByOrder(access, family))
    : makeToken(id as string, { withSecret: true })
  return { access: rotateByOrder(rotated, access, { isNewGeneration, now }), rotated, confirmed }
}

function proofOf(method: string | undefined, now: number): Confirmation {
  return method === undefined ? [now] : [now, method]
}

/** What a record says of the token of a new session: with `rotateEvery`, that its family begins with it. */
export function startSuccession({ scope }: CommitJob, token: Token, access: Access, owner: string | undefined): Access {
  if (!scope.config.rotation || owner === undefined || token.line === undefined) return access
  return { ...access, succession: begun(token) }
}

/** A store that a container or a class makes is not seen before. */
export function refuseWithoutConditions({ config, backend }: RequestScope): void {
  if (config.rotation && !backend.rotatesInPlace) throw new SessionError('ERR_SESSION_OPTIONS', needsConditions())
}
