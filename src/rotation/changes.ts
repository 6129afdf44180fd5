import { LATE_MS, rotate, type Access, type PastToken } from '../session/access'
import { MAX_LIFETIME } from '../session/record'
import type { Confirmation } from '../session/sign-in-info'
import type { LeftToken, Succession, Successor } from '../session/succession'
import { hashToken, makeFamily, makeLongToken, MAX_SERIAL, type Token, type TokenLine } from '../session/token'
import { hashFamily, proofOf, UNDER_WAY_MS, type Place } from './token-status'

/** How many successors wait for a token at most; one more takes the place of another. */
const MAX_WAITING = 4
/** How many replaced tokens open a session for a while at most. */
const MAX_LEFT = 6
/** How many tokens that were rotated away by order a record remembers. */
const MAX_PAST = 8
/** What opens a session until the next takeover does so for as long as a cookie lives, unless that comes. */
const UNTIL_TAKEOVER_MS = MAX_LIFETIME
/** After so many milliseconds another successor is issued for certain; sooner, with a chance that grows with the time. */
const PACE_MS = 30_000

/** What a write makes of a session's tokens. */
export interface TokenChange {
  readonly access: Access
  /** The token that was handed out with a proof of who the owner is has come back: the session is confirmed by it. */
  readonly confirmed?: Confirmation
}

/** A successor, and what the record says of it. */
export interface Issued {
  readonly token: Token
  readonly access: Access
}

/**
 * Notes that a token is used: a successor takes over, or the current one was used for the first time.
 *
 * @param grace for how many milliseconds the token before it opens the session still
 */
export function noteUse(token: Token, place: Place, access: Access, now: number, grace: number): TokenChange {
  const succession = access.succession as Succession
  const hash = hashToken(token.text)
  if (place === 'current') return { access: { ...access, succession: { ...succession, since: now } } }
  const successor = [...succession.next, ...succession.beside].find(([other]) => other === hash) as Successor
  const confirmed = proofOf(successor)
  if (confirmed) {
    // The others that were handed out with a proof are as good: whichever answer comes last, its browser is in.
    const waiting = [...succession.beside, ...succession.next].filter((other) => other !== successor)
    const siblings = waiting.filter((other) => proofOf(other)).slice(-MAX_WAITING)
    return { access: replaceAll(token, access, { since: now, isNewGeneration: true, siblings, now }), confirmed }
  }
  const isSibling = place === 'beside'
  const replaced: LeftToken = [currentHash(token.id, access), now + (isSibling ? UNDER_WAY_MS : grace)]
  return {
    access: {
      ...access,
      secret: hash,
      succession: (isSibling ? joinSibling : takeOver)(token, succession, replaced, now),
    },
  }
}

function takeOver({ text, line }: Token, succession: Succession, replaced: LeftToken, now: number): Succession {
  const { family, next, beside, left } = succession
  const hash = hashToken(text)
  const former = beside.map(([other]): LeftToken => [other, now + UNDER_WAY_MS])
  const stillGood = left
    .filter(([, until]) => until > now)
    .map(([other, until]): LeftToken => [other, Math.min(until, replaced[1])])
  return {
    ...succession,
    // The first successor of a token without a family brings its own.
    family: line ? hashFamily(line.family) : family,
    since: now,
    next: [],
    beside: next.filter(([other]) => other !== hash),
    left: [replaced, ...former, ...stillGood].slice(0, MAX_LEFT),
  }
}

/** A browser has come to hold a sibling of the current token. */
function joinSibling({ text }: Token, succession: Succession, replaced: LeftToken, now: number): Succession {
  const { beside, left } = succession
  const hash = hashToken(text)
  // The first is the token from before the takeover: it is good for slow requests until the next one.
  const [before, ...others] = left
  const stillGood = others.filter(([, until]) => until > now)
  return {
    ...succession,
    beside: beside.filter(([other]) => other !== hash),
    left: (before ? [before, replaced, ...stillGood] : [replaced]).slice(0, MAX_LEFT),
  }
}

/** Whether another successor may be issued, by chance: parallel requests get one, and nobody takes them all from somebody else. */
export function isIssuePaced(succession: Succession | undefined, now: number, chance: number): boolean {
  if (!succession) return true
  return succession.serial < MAX_SERIAL && now - succession.issued >= chance * PACE_MS
}

/**
 * Issues a successor of the token that a request came with: it waits until it is used.
 *
 * @param family what that token says of it; undefined for one of before there were families
 * @param place what that token is to the record; one that was replaced gets a sibling of the current one
 * @param proof the owner has proved who they are: what comes with the successor is confirmed
 */
export function issue(
  { id, family = makeFamily() }: { id: string; family: string | undefined },
  place: Place,
  access: Access,
  now: number,
  proof?: Confirmation,
): Issued {
  const before = access.succession
  const serial = nextSerial(before)
  const token = makeLongToken(id, { family, serial })
  const successor: Successor = [hashToken(token.text), ...(proof ?? [])]
  const succession = before ?? { ...begun(token), since: 0 }
  const list = place === 'left' && !proof ? 'beside' : 'next'
  const { waiting, dropped } = withSuccessor(succession[list], successor)
  // What confirm() has pushed out, or has handed out, opens the session still: it comes of no copy.
  const isKept = dropped !== undefined && (proof ?? proofOf(dropped)) !== undefined
  return {
    token,
    access: {
      ...access,
      succession: {
        ...succession,
        family: hashFamily(family),
        serial,
        issued: now,
        [list]: waiting,
        left: isKept ? withDropped(succession.left, dropped, now) : succession.left,
      },
    },
  }
}

/** Where too many wait, the oldest without a proof makes room; where all have one, the oldest. */
function withSuccessor(
  list: readonly Successor[],
  successor: Successor,
): { waiting: readonly Successor[]; dropped?: Successor } {
  if (list.length < MAX_WAITING) return { waiting: [...list, successor] }
  const dropped = list.find((each) => !proofOf(each)) ?? list[0]
  return { waiting: [...list.filter((each) => each !== dropped), successor], dropped }
}

/** The first that was replaced stays the first; of the others, those that left last are remembered. */
function withDropped(left: readonly LeftToken[], [hash]: Successor, now: number): readonly LeftToken[] {
  const [before, ...others] = left
  const dropped: LeftToken = [hash, now + UNTIL_TAKEOVER_MS]
  if (!before) return [dropped]
  return [before, ...[...others.filter(([, until]) => until > now), dropped].slice(1 - MAX_LEFT)]
}

/** Past the last number, tokens have that one: no token is newer than the record then. */
function nextSerial(succession: Succession | undefined): number {
  return Math.min((succession?.serial ?? 0) + 1, MAX_SERIAL)
}

/** What a record says of a token that is new, and the first of its family. */
export function begun({ line }: Token): Succession {
  const { family, serial } = line ?? { family: '', serial: 0 }
  return { family: hashFamily(family), serial, since: null, issued: 0, next: [], beside: [], left: [] }
}

/**
 * The place of a token that takes the place of all others by order.
 *
 * @param family what the token that the client presents says of it; undefined where a family begins: then what was known before
 * is never a replay
 */
export function lineByOrder({ succession }: Access, family: string | undefined): TokenLine {
  if (family === undefined || succession === undefined) return { family: makeFamily(), serial: 0 }
  return { family, serial: nextSerial(succession) }
}

/** Rotates a token at once, by order: every other one is late from now on, and then dead. */
export function rotateByOrder(
  token: Token,
  access: Access,
  options: { isNewGeneration: boolean; now: number },
): Access {
  const next = replaceAll(token, access, { ...options, since: null })
  return { ...next, succession: token.line && begun(token) }
}

/** Lets a token take the place of all others, which are late from now on. */
function replaceAll(
  token: Token,
  access: Access,
  {
    since,
    isNewGeneration,
    siblings = [],
    now,
  }: { since: number | null; isNewGeneration: boolean; siblings?: readonly Successor[]; now: number },
): Access {
  const { generation, succession } = access
  const hash = hashToken(token.text)
  const rotated = rotate(token, access, { isNewGeneration, now })
  const { next = [], beside = [], left = [], serial = 0 } = succession ?? {}
  const others = [...next, ...beside, ...left.filter(([, until]) => until > now)]
  const kept = siblings.map(([other]): Successor => [other])
  const staying = [hash, ...kept.flat()]
  const leaving = others
    .filter(([other]) => !staying.includes(other))
    .map(([other]): PastToken => [other, now, generation])
  const [current, ...past] = rotated.past
  return {
    ...rotated,
    past: [current, ...leaving, ...past.filter(([, at]) => now - at < LATE_MS)].slice(0, MAX_PAST),
    succession: { ...begun(token), serial, since, beside: kept },
  }
}

function currentHash(id: string, { secret }: Access): string {
  return secret ?? hashToken(id)
}
