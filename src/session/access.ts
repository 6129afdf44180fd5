import { warnOnce } from '../base/warning'
import { deviceField, deviceOf, type BoundKey } from './bound-key'
import { attemptsOf, type OnceAttempt } from './once'
import type { RecordLifetime, SessionRecord } from './record'
import { successionField, successionOf, type Succession } from './succession'
import { NO_SIGN_IN, signInInfoOf } from './sign-in-info'
import { hashToken, type Token } from './token'

/**
 * What a record says of its tokens. It rests in the record, under keys that no data can have:
 *
 * | key | what | without it |
 * | --- | --- | --- |
 * | `_secret` | the hash of the token that opens it | its id opens it |
 * | `_gen` | its generation: how often it has come to another account, was confirmed, or regenerated without the option `owner` | 0 |
 * | `_past` | tokens that were rotated away: `[hash, when, generation at that time]`, the newest first | none |
 * | `_device` | the key of the device that it is bound to: `[id, algorithm, key, since, used]` | it is bound to none |
 * | `_turn` | the tokens that open it beside that one, see `succession.ts` | its token changes by order alone |
 * | `_once` | what those who hold them are at work on: see `once.ts` | nothing |
 */
export interface Access {
  readonly secret: string | undefined
  readonly generation: number
  readonly past: readonly PastToken[]
  readonly device?: BoundKey
  /** Present where the token changes while the visitor works. */
  readonly succession?: Succession
  readonly once?: readonly OnceAttempt[]
}

/** A token that was rotated away: its hash, the time in milliseconds since 1970, and the generation that it had. */
export type PastToken = readonly [hash: string, at: number, generation: number]

/** The fields of a record that hold its {@link Access}. */
export type AccessFields = Pick<RecordLifetime, '_secret' | '_gen' | '_past' | '_device' | '_once' | '_turn'>

/** How long a request that came with a token that was rotated away counts as one that was under way, in milliseconds. */
export const LATE_MS = 10_000
/** How many of those tokens a record remembers: a browser has about as many requests under way at once. */
const MAX_PAST = 8

/** A record of koa-session's: its id opens it. */
export const BY_ID: Access = Object.freeze({ secret: undefined, generation: 0, past: [] })

/** Reads what a record says of its tokens. */
export function accessOf({ _secret, _gen, _past, _device, _once, _turn }: RecordLifetime): Access {
  const isPlain = _secret === undefined && _gen === undefined && _past === undefined && _device === undefined
  if (isPlain && _once === undefined && _turn === undefined) return BY_ID
  const access: Access = {
    secret: typeof _secret === 'string' ? _secret : undefined,
    generation: Number.isSafeInteger(_gen) ? (_gen as number) : 0,
    past: Array.isArray(_past) ? _past.filter(isPastToken) : [],
    device: _device === undefined ? undefined : deviceOf(_device),
    once: _once === undefined ? undefined : attemptsOf(_once),
  }
  const succession = _turn === undefined ? undefined : successionOf(_turn)
  return succession ? { ...access, succession } : access
}

/** The fields to write into a record; those without a value are left out, so that a record without secrets is koa-session's. */
export function accessFields({ secret, generation, past, device, once, succession }: Access): AccessFields {
  const fields: AccessFields = {}
  if (secret !== undefined) fields._secret = secret
  if (generation > 0) fields._gen = generation
  if (past.length > 0) fields._past = past
  if (device !== undefined) fields._device = deviceField(device)
  if (succession !== undefined) fields._turn = successionField(succession)
  if (once !== undefined) fields._once = once
  return fields
}

/**
 * What `get` of a store returns of a record: all of it to callers that know secrets, as every session here does; a process
 * that knows none, such as koa-session on the same store, may read what its id alone opens.
 */
export function openById<R extends RecordLifetime>(
  record: R | undefined,
  context: { knowsSecrets?: boolean } | undefined,
): R | undefined {
  const isOpen = record?._secret === undefined && record?._device === undefined && record?._turn === undefined
  if (isOpen || context?.knowsSecrets) return record
  if (!context) {
    warnOnce(
      'hidden',
      'get() of a session store returned nothing for a record that its id alone does not open. A store around another one ' +
        'passes on every argument of get(), the context too; read() returns every record.',
    )
  }
  return undefined
}

/** A record without what it says of its tokens, and of those who hold them: for lists. */
export function withoutAccess<R extends SessionRecord>(record: R): R {
  if (accessOf(record) === BY_ID) return record
  const { _secret, _gen, _past, _device, _once, _turn, ...rest } = record
  return rest as R
}

/** A record without what it says of its tokens and of who uses it: for hooks and events. */
export function withoutControls<R extends SessionRecord>(record: R): R {
  if (signInInfoOf(record) === NO_SIGN_IN) return withoutAccess(record)
  const { _owned, _confirmed, _seen, _seenBy, ...rest } = record
  return withoutAccess(rest as R)
}

/** What a token is to a record: `current`, it opens it; `late`, it was rotated away just now; `dead`, it never will again. */
export type TokenStatus = { name: 'current' } | { name: 'late'; generation: number } | { name: 'dead' }

const CURRENT: TokenStatus = { name: 'current' }
const DEAD: TokenStatus = { name: 'dead' }

/** What this token may do with a record, now. The record alone says whether a token needs a secret. */
export function tokenStatusOf(token: Token, { secret, past }: Access, now: number): TokenStatus {
  if (secret === undefined && past.length === 0) return token.hasSecret ? DEAD : CURRENT
  const hash = hashToken(token.text)
  if (token.hasSecret ? hash === secret : secret === undefined) return CURRENT
  const found = past.find(([other, at]) => other === hash && now - at < LATE_MS)
  return found ? { name: 'late', generation: found[2] } : DEAD
}

/** Why a token does not open a record that it led to: what came since was of the same generation, or of a later one. */
export function refusalOf(token: Token, { past, generation }: Access): 'rotated-away' | 'earlier-generation' {
  const hash = hashToken(token.text)
  const found = past.find(([other]) => other === hash)
  return found && found[2] < generation ? 'earlier-generation' : 'rotated-away'
}

/** What a record says of its tokens once `next` has taken the place of the one that opens it. */
export function rotate(
  next: Token,
  { secret, generation, past, device, once }: Access,
  { isNewGeneration, now }: { isNewGeneration: boolean; now: number },
): Access {
  // Without a secret, the id itself was the token.
  const leaving: PastToken = [secret ?? hashToken(next.id), now, generation]
  return {
    secret: hashToken(next.text),
    generation: isNewGeneration ? generation + 1 : generation,
    past: [leaving, ...past.filter(([, at]) => now - at < LATE_MS)].slice(0, MAX_PAST),
    // The next account has a device of its own.
    device: isNewGeneration ? undefined : device,
    // What was begun for the account before is not done for this one.
    once: isNewGeneration ? undefined : once,
  }
}

/** Whose a session is, and of which generation. */
export interface TokenHolder {
  readonly generation: number
  readonly owner: string | undefined
}

/** A request whose record was changed or removed after it was read: by a logout, for example. */
export interface LateRequest {
  /** What the request opened the session with. */
  readonly opened: TokenHolder
  /** It came with a late token, one that was rotated away: it was shown nothing of the session. */
  readonly isLate: boolean
  /** The account that the session belongs to with this request's changes. */
  readonly owner: string | undefined
  /** Whether the application says whose a session is; otherwise `regenerate()` is what a sign-in does. */
  readonly hasOwners: boolean
  readonly regenerates: boolean
  /** Its owner has proved anew who they are: for that owner, it is as good as a sign-in. */
  readonly confirms: boolean
  /** The record as it is now; undefined where it is gone. */
  readonly found: TokenHolder | undefined
}

/**
 * What becomes of a late request's write: `merge`, it goes on with the record as it is now; `anew`, it goes on with a
 * session of its own, with what it has set itself; `gone`, it is dropped; `end`, the same, and the record ends, as its owner has
 * left the session with this request.
 */
export type LateWrite = 'merge' | 'anew' | 'gone' | 'end'

/** Decides what a write may do that comes after another one, before any hook or merge sees the newer record. */
export function decideLateWrite({
  opened,
  isLate,
  owner,
  hasOwners,
  regenerates,
  confirms,
  found,
}: LateRequest): LateWrite {
  const signsIn = hasOwners ? owner !== undefined && owner !== opened.owner : regenerates
  const proves = hasOwners && owner !== undefined && (signsIn || confirms)
  if (found && !isLate && found.generation === opened.generation) return 'merge'
  if (found && proves && owner === found.owner) return 'merge'
  if (signsIn) return 'anew'
  const leaves = hasOwners && owner === undefined && opened.owner !== undefined
  return leaves && opened.owner === found?.owner ? 'end' : 'gone'
}

function isPastToken(value: unknown): value is PastToken {
  return Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'number' && value.length === 3
}
