import type { Context } from 'koa'
import { canCarry, isSlow } from '../../rotation/carrying'
import { isIssuePaced } from '../../rotation/changes'
import { hashFamily, rotatingStatusOf, type Opening, type Presenting } from '../../rotation/token-status'
import type { Access } from '../../session/access'
import type { Confirmation } from '../../session/sign-in-info'
import { hashToken, parseToken, type Token } from '../../session/token'
import type { RequestScope } from '../scope/request-scope'
import { canStillTell, hasResponse } from '../scope/response-state'

/** A token that this request has issued, and hands over in the place of the one that it came with. */
export interface IssuedSuccessor {
  readonly text: string
  readonly hash: string
  /** What comes with it is confirmed, as this request is. */
  readonly proof: Confirmation | undefined
}

/** What is known of a session whose token may change while its visitor works. */
export interface Rotatable {
  readonly access: Access
  readonly token: string | undefined
  readonly snapshot: { readonly owner: string | undefined }
  /** How the client's token opened it: what of that is still to be noted. */
  readonly opening?: Opening
  readonly successor?: IssuedSuccessor
  /** What the token that it was opened with says of its family, where that token was replaced meanwhile. */
  readonly family?: string
}

/** A session from before the option: its token may get a successor. */
const FROM_BEFORE: Opening = { place: 'current', isUse: false, mayBeHanded: true }

/** What of a request decides what its token may do. */
export function presentingOf({ came = Date.now(), ctx, isOutside }: RequestScope): Presenting {
  const { req } = ctx as { req?: Context['req'] }
  return { came, isSlow: !isOutside && req?.headers !== undefined && isSlow(req) }
}

/** Whether the token of what is stored changes while its visitor works. What the record says counts, never the option alone. */
export function isRotating(stored: Rotatable | undefined, { config }: RequestScope): boolean {
  if (!stored || stored.access.device !== undefined) return false
  if (stored.access.succession !== undefined) return true
  return config.rotation !== undefined && stored.snapshot.owner !== undefined
}

/** How the client's token opened what is stored, where that changes while the visitor works. */
export function withOpening<T extends Rotatable>(scope: RequestScope, stored: T, opening: Opening | undefined): T {
  if (opening) return { ...stored, opening }
  return isRotating(stored, scope) ? { ...stored, opening: FROM_BEFORE } : stored
}

/** Whether a commit at the end of the request is to note that the token was used. */
export function isUseDue(stored: Rotatable | undefined): boolean {
  return stored?.opening?.isUse === true
}

/**
 * Whether a commit at the end of the request is to issue a successor: the token has been in use for long enough, or the client is
 * to be told something else with it. For that, one whose use is to be noted has a successor with the same write.
 *
 * @param chance from 0 to 1: the higher, the longer nobody else must have issued one
 */
export function isIssueDue(
  stored: Rotatable | undefined,
  scope: RequestScope,
  { isWanted, chance }: { isWanted: boolean; chance: number },
): boolean {
  const { rotation } = scope.config
  if (!rotation || !stored?.opening) return false
  const { mayBeHanded, isUse, place } = stored.opening
  const { succession } = stored.access
  const now = Date.now()
  const isOld = mayBeHanded && (place === 'left' || now - (succession?.since ?? 0) >= rotation.every)
  const tells = (mayBeHanded || isUse) && (isWanted || scope.chosenMaxAge !== undefined)
  if (!(isOld || tells) || !isIssuePaced(succession, now, chance)) return false
  return hasResponse(scope.ctx) && canStillTell(scope.ctx) && canCarry(scope.ctx.headers)
}

/** Whether a record, as it is now, is no longer opened by the token that this request knows. */
export function hasLostToken({ access: before, token }: Rotatable, access: Access): boolean {
  if (!access.succession || token === undefined) return before.secret !== access.secret
  return rotatingStatusOf(parseToken(token) as Token, access, { came: Date.now(), isSlow: false }).name !== 'current'
}

/** The family of the tokens that the client holds. */
export function familyOf({ token, family }: Rotatable): string | undefined {
  return token === undefined ? family : parseToken(token)?.line?.family
}

/** What is known of a session whose record others have written meanwhile, beside what that says. */
export function keptOf(before: Rotatable | undefined, access: Access): Pick<Rotatable, 'successor' | 'family'> {
  if (!before || !access.succession) return {}
  const { successor } = before
  const family = familyOf(before)
  const isSame = family !== undefined && hashFamily(family) === access.succession.family
  return { ...(successor && isKnown(successor, access) && { successor }), ...(isSame && { family }) }
}

/** Whether a record, as it is now, is opened by what this request hands over. */
export function opensStill(stored: Rotatable, access: Access): boolean {
  if (stored.successor) return isKnown(stored.successor, access)
  return !hasLostToken(stored, access)
}

/** Whether a successor that was issued is the current token by now, or may become it. */
export function isKnown({ hash }: IssuedSuccessor, { secret, succession }: Access): boolean {
  const { next = [], beside = [] } = succession ?? {}
  return secret === hash || [...next, ...beside].some(([other]) => other === hash)
}

export function successorOf(token: Token, proof: Confirmation | undefined): IssuedSuccessor {
  return { text: token.text, hash: hashToken(token.text), proof }
}
