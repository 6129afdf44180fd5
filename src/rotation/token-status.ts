import { tokenStatusOf, type Access, type TokenStatus } from '../session/access'
import type { Confirmation } from '../session/sign-in-info'
import type { Succession, Successor } from '../session/succession'
import { hashToken, type Token } from '../session/token'

/** For so many milliseconds after a token took over, requests with the others may have been under way: they change nothing. */
export const UNDER_WAY_MS = 10_000
/** For so many milliseconds after a token took over, none that it replaced counts as a replay. */
const NO_REPLAY_MS = 30_000

/** Which of the tokens that open a record one is; the newest stands first. */
export const PLACES = ['next', 'beside', 'current', 'left'] as const
export type Place = (typeof PLACES)[number]

/** How a token opens a record whose token changes while its visitor works. */
export interface Opening {
  readonly place: Place
  /** That it is used is to be noted: it takes over, or it is the first use of the current one. */
  readonly isUse: boolean
  /** A response may hand over a successor, as far as this token is concerned. */
  readonly mayBeHanded: boolean
  /** The token was handed out with this proof of who the owner is. */
  readonly proof?: Confirmation
}

/** The {@link TokenStatus}, and of a record whose token changes how it opens that, or that a replaced token came back. */
export type RotatingStatus = (TokenStatus & { readonly opening?: Opening }) | { readonly name: 'replay' }

const DEAD: RotatingStatus = { name: 'dead' }
const REPLAY: RotatingStatus = { name: 'replay' }

/** What of a request decides what its token may do. */
export interface Presenting {
  /** When it came: milliseconds since 1970. */
  readonly came: number
  /** Its body may have waited in a proxy: its cookie may be as old as the first byte of that. */
  readonly isSlow: boolean
}

/** What this token may do with a record: the first row that fits. Its test is a table. */
export function rotatingStatusOf(token: Token, access: Access, request: Presenting): RotatingStatus {
  const { succession } = access
  if (!succession) return tokenStatusOf(token, access, request.came)
  const hash = hashToken(token.text)
  const opening = openingOf(hash, token, access, succession, request)
  if (opening) return { name: 'current', opening }
  const status = tokenStatusOf(token, access, request.came)
  if (status.name === 'late') return status
  if (!isReplaced(token, access, succession)) return DEAD
  const isUnderWay = request.isSlow || request.came - (succession.since ?? 0) < NO_REPLAY_MS
  return isUnderWay ? { name: 'late', generation: access.generation } : REPLAY
}

function openingOf(
  hash: string,
  token: Token,
  { secret }: Access,
  { since, next, beside, left }: Succession,
  { came, isSlow }: Presenting,
): Opening | undefined {
  if (token.hasSecret ? hash === secret : secret === undefined) {
    return { place: 'current', isUse: since === null, mayBeHanded: since !== null }
  }
  const successor = next.find(([other]) => other === hash)
  if (successor) return { place: 'next', isUse: true, mayBeHanded: false, ...proven(successor) }
  const isLater = came - (since ?? 0) >= UNDER_WAY_MS
  const sibling = beside.find(([other]) => other === hash)
  if (sibling) {
    const proof = proven(sibling)
    return { place: 'beside', isUse: proof !== undefined || (isLater && !isSlow), mayBeHanded: false, ...proof }
  }
  const before = left.find(([other]) => other === hash)
  if (!before) return undefined
  const isInTime = came < before[1]
  return isInTime || isSlow ? { place: 'left', isUse: false, mayBeHanded: isInTime && isLater } : undefined
}

function proven(successor: Successor): { proof: Confirmation } | undefined {
  const proof = proofOf(successor)
  return proof && { proof }
}

/** With which proof of who the owner is a token was issued. */
export function proofOf([, at, method]: Successor): Confirmation | undefined {
  if (at === undefined) return undefined
  return method === undefined ? [at] : [at, method]
}

/**
 * Whether a token that opens nothing is one that the session has replaced. It is of the session's family, which nobody guesses;
 * it is no newer than the record, which may be an old one; and the current token has reached its client. A session that is bound
 * to a device has copies that end by themselves.
 */
function isReplaced({ line }: Token, { device }: Access, { family, serial, since }: Succession): boolean {
  if (line === undefined || hashFamily(line.family) !== family || line.serial > serial) return false
  return since !== null && since > 0 && device === undefined
}

/** What the record keeps of a family. No token has a space in it. */
export function hashFamily(family: string): string {
  return hashToken(`family ${family}`)
}
