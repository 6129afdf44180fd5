import type { WriteReason } from '../../contracts/backend'
import { accessFields, BY_ID, type Access } from '../../session/access'
import type { BoundKey } from '../../session/bound-key'
import {
  lifetimeFields,
  renewedLifetime,
  timeLeft,
  type Lifetime,
  type LifetimePolicy,
  type RecordLifetime,
} from '../../session/record'
import {
  nextSignInInfo,
  NO_SIGN_IN,
  signInFields,
  type Confirmation,
  type DeviceInfo,
  type SignInInfo,
  type SignInOrder,
} from '../../session/sign-in-info'
import { VERB_TRAITS, type CommitVerb, type WritePlan } from './commit-plan'
import type { Origin } from '../../ends/keys'
import type { Stored } from '../open/stored'
import { cookieOriginFields, originFields } from './origin'

/** What decides of a write how long the session lives, who may open it, and what is noted of its owner. */
export interface RecordFacts {
  readonly plan: WritePlan
  readonly verb: CommitVerb
  /** What `confirm()` said of how the owner proved who they are. */
  readonly method: string | undefined
  /** The session begins anew. */
  readonly startsOver: boolean
  readonly stored: Pick<Stored, 'created' | 'signInInfo' | 'snapshot'> | undefined
  /** Under which key it rests; undefined for a session in its cookie. */
  readonly key: string | undefined
  /** Who can open the record, by the token that the client is to hold. */
  readonly access: Access
  /** The proof that came with the token which is used now, and with which the session is confirmed; undefined without one. */
  readonly confirmed: Confirmation | undefined
  /** The key of the device that the session is bound to from now on. */
  readonly boundKey: BoundKey | undefined
  /** Whose the session is with these data. */
  readonly owner: string | undefined
  /** What the store said when its owner came to it; undefined where nobody comes, or no store knows owners. */
  readonly order: SignInOrder | undefined
  /** What is known of the device that is used now; undefined where nobody lists the owner's sessions. */
  readonly seen: { readonly device: DeviceInfo | undefined } | undefined
  readonly maxAge: Lifetime
  /** That is the lifetime which the record has. */
  readonly hasSameMaxAge: boolean
  readonly policy: LifetimePolicy
  /** Where among the ends the session begins, with the option `ends`. */
  readonly origin: Origin | undefined
  /** How long a cookie lives that has no end of its own, in milliseconds, with the option `ends`. */
  readonly sessionTtl: number
  /** Without a store the session is in its cookie. */
  readonly hasStore: boolean
  readonly now: number
}

/** What a record says beside its data, and why it is written. */
export interface RecordToWrite {
  readonly lifetime: RecordLifetime
  readonly reason: WriteReason
  readonly access: Access
  readonly signInInfo: SignInInfo
  readonly created: number
  /** How long it has to live, in milliseconds; a session cookie has no end of its own. */
  readonly left: Lifetime
  /** It gets a longer life, and stays as it is: its text is not written. */
  readonly isExtension: boolean
  /** It is noted that the owner uses the session: nothing that the client has to know. */
  readonly isNote: boolean
}

/** Decides what a record says beside its data. Its test is a table. */
export function recordToWrite(facts: RecordFacts): RecordToWrite {
  const { plan, stored, startsOver, maxAge, policy, boundKey, now } = facts
  const created = stored && !plan.restartsAge && !startsOver ? stored.created : now
  const access = boundKey ? { ...facts.access, device: boundKey } : facts.access
  const isNote = plan.reason === 'seen' && stored !== undefined
  const isRefresh = isDeviceRefresh(stored, boundKey)
  const isKept = stored !== undefined && (isNote || isRefresh)
  const noted = isRefresh ? stored.signInInfo : signInInfoAfter(facts)
  const signInInfo = facts.confirmed ? { ...noted, confirmed: facts.confirmed } : noted
  const lifetime = isKept ? lifetimeFields(stored.snapshot.lifetime) : renewedLifetime(maxAge, policy, created, now)
  if (facts.origin) Object.assign(lifetime, fieldsOf(facts.origin, facts, lifetime))
  const left = timeLeft(lifetime._expire, created, policy, now)
  if (access !== BY_ID) Object.assign(lifetime, accessFields(access))
  if (signInInfo !== NO_SIGN_IN) Object.assign(lifetime, signInFields(signInInfo))
  const isExtension = isExtensionAlone(facts)
  // Where there is more to write than a longer life, the record is written whole.
  const reason = isExtension || !isRenewal(plan) ? plan.reason : 'forced'
  return { lifetime, reason, access, signInInfo, created, left, isExtension, isNote }
}

/** Whether a device renews its cookie: that is no visit, and does not extend the session. */
export function isDeviceRefresh<T>(stored: T | undefined, boundKey: BoundKey | undefined): stored is T {
  return stored !== undefined && boundKey !== undefined
}

function fieldsOf(origin: Origin, { key, now, sessionTtl }: RecordFacts, lifetime: RecordLifetime): RecordLifetime {
  return key === undefined ? cookieOriginFields(origin, lifetime, now + sessionTtl) : originFields(origin, key)
}

function signInInfoAfter(facts: RecordFacts): SignInInfo {
  const { plan, verb, method, stored, startsOver, owner, order, seen, hasStore, now } = facts
  const { proves, regenerates } = VERB_TRAITS[verb]
  return nextSignInInfo(stored?.signInInfo ?? NO_SIGN_IN, {
    owner,
    isSignIn: startsOver || owner !== stored?.snapshot.owner,
    // A proof that goes with a successor counts once that is used.
    confirms: proves && plan.rotation !== 'proof' ? { method } : undefined,
    // A session in its cookie has no token to rotate, and begins a new generation all the same.
    isNewGeneration: plan.rotation === 'generation' || (regenerates && !hasStore),
    order,
    seen,
    now,
  })
}

function isExtensionAlone({ plan, stored, hasSameMaxAge }: RecordFacts): boolean {
  return isRenewal(plan) && plan.rotation === 'none' && stored !== undefined && hasSameMaxAge
}

function isRenewal({ reason }: WritePlan): boolean {
  return reason === 'rolling' || reason === 'renew'
}
