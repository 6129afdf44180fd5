import type { WriteReason } from '../../contracts/backend'

/** What a commit is asked for; `commit`: whatever there is need for. */
export type CommitVerb = 'commit' | 'save' | 'touch' | 'regenerate' | 'confirm'

/** What sets a verb apart from the others. */
export interface VerbTraits {
  /** Nobody asks for a write by name: it is the end of the request, or of the session. */
  readonly isImplicit: boolean
  /** It writes the session, changed or not. */
  readonly forces: boolean
  /** It extends the session's life. */
  readonly extends: boolean
  /** The client is to get a new token; `rotationOf` decides whether it does. */
  readonly rotates: boolean
  /** The session is to begin anew, or to get another token at least: what a sign-in does where nobody says whose a session is. */
  readonly regenerates: boolean
  /** The owner has proved who they are. */
  readonly proves: boolean
}

const PLAIN: VerbTraits = {
  isImplicit: false,
  forces: false,
  extends: false,
  rotates: false,
  regenerates: false,
  proves: false,
}

export const VERB_TRAITS: Readonly<Record<CommitVerb, VerbTraits>> = {
  commit: { ...PLAIN, isImplicit: true },
  save: { ...PLAIN, forces: true },
  touch: { ...PLAIN, extends: true },
  regenerate: { ...PLAIN, forces: true, rotates: true, regenerates: true },
  confirm: { ...PLAIN, forces: true, rotates: true, proves: true },
}

/** What a commit knows of its session before it decides anything. */
export interface CommitFacts {
  verb: CommitVerb
  /** Another request has rotated the token meanwhile, as this one was to: it is not rotated once more. */
  isSatisfied: boolean
  /** The session is to be written, changed or not: its `maxAge` was set. */
  mustWrite: boolean
  isStored: boolean
  hasData: boolean
  /** What is stored differs from the data, or was written under other timeouts. */
  isChanged: boolean
  /** The session belongs to another account than what is stored. */
  changesOwner: boolean
  /** What is stored belongs to somebody. */
  hasOwner: boolean
  /** What is stored is opened by its id, and the options want a secret. */
  needsSecret: boolean
  /** The `owner` option says when a generation begins; without it, every `regenerate()` begins one. */
  hasOwners: boolean
  /** The session rests in its cookie: it has no token beside that. */
  isInCookie: boolean
  /** The response can carry no token any more: it is under way, or the client is gone. */
  isResponseSent: boolean
  /** There is no response: the session was opened outside a request. */
  isOutside: boolean
  wasWritten: boolean
  isRolling: boolean
  /** `renew` is on, half of the session's life is over, and there is more to win. */
  isRenewalDue: boolean
  /** It was not noted for some time that its owner uses the session. */
  isSeenDue: boolean
  /** This session took the place of another one, which is ended. */
  hasReplaced: boolean
  /** The client's signature is of an older key. */
  isSignatureOld: boolean
  /**
   * `none` where the token does not change while its visitor works. Where it does, what is to be done for that: `rests`,
   * nothing now; at the end of the request `use`, to note that the token is used, or `issue`, to hand over a successor.
   */
  succession: 'none' | 'rests' | 'use' | 'issue'
}

/**
 * How a write changes the token: not at all, for hygiene, or because a generation begins. Where the token changes while its
 * visitor works: `use`, it is noted that a token is used; `issue`, a successor is issued; `proof`, one with a proof of who the owner is.
 */
export type Rotation = 'none' | 'hygiene' | 'generation' | 'use' | 'issue' | 'proof'

export interface WritePlan {
  do: 'write'
  reason: WriteReason
  rotation: Rotation
  /** The session's age counts from this write. */
  restartsAge: boolean
}

/** What a commit has to do. */
export type CommitPlan =
  | WritePlan
  /** The session is ended: it belongs to another account now, and no response can tell the client. */
  | { do: 'end' }
  /** The verb throws. */
  | { do: 'refuse' }
  /** The client forgets its cookie. */
  | { do: 'clear' }
  /** The client's cookie is signed with the newest key. */
  | { do: 'sign' }
  | { do: 'nothing' }

/** The first row that fits. Its test is this table. */
export function planCommit(facts: CommitFacts): CommitPlan {
  const { isStored, isResponseSent } = facts
  const verb = VERB_TRAITS[facts.verb]
  if (rotatesByOrder(facts) && isResponseSent) return { do: 'refuse' }
  if (facts.changesOwner && facts.isOutside) return { do: 'refuse' }
  // The account that it belonged to has left it. A session of nobody, such as a cart, is not lost for that.
  if (facts.changesOwner && isResponseSent && !facts.isInCookie) return { do: facts.hasOwner ? 'end' : 'refuse' }
  if (facts.mustWrite || verb.forces) return write(facts, 'forced')
  if (facts.changesOwner) return write(facts, 'changed')
  if (!isStored && !facts.hasData) return withoutWrite(facts)
  if (facts.isChanged) return write(facts, 'changed')
  if (verb.extends) return write(facts, facts.isSeenDue ? 'forced' : 'rolling')
  if (facts.needsSecret && !isResponseSent) return write(facts, 'forced')
  if (isNoteDue(facts)) return write(facts, isRenewalNow(facts) ? 'forced' : 'seen')
  if (facts.wasWritten) return withoutWrite(facts)
  if (facts.isSeenDue) return write(facts, facts.isRolling || facts.isRenewalDue ? 'forced' : 'seen')
  if (facts.isRolling) return write(facts, 'rolling')
  if (facts.isRenewalDue) return write(facts, 'renew')
  return withoutWrite(facts)
}

function isNoteDue({ succession }: CommitFacts): boolean {
  return succession === 'use' || succession === 'issue'
}

function isRenewalNow({ wasWritten, isRolling, isRenewalDue }: CommitFacts): boolean {
  return !wasWritten && (isRolling || isRenewalDue)
}

function write(facts: CommitFacts, reason: WriteReason): CommitPlan {
  return { do: 'write', reason, rotation: rotationOf(facts), restartsAge: facts.changesOwner }
}

function rotationOf(facts: CommitFacts): Rotation {
  if (facts.isInCookie || !facts.isStored) return 'none'
  const { proves, regenerates } = VERB_TRAITS[facts.verb]
  if (facts.changesOwner) return 'generation'
  if (proves && facts.succession !== 'none') return 'proof'
  if (proves && !facts.isSatisfied) return 'generation'
  if (regenerates) return facts.hasOwners ? 'hygiene' : 'generation'
  if (facts.needsSecret && !facts.isResponseSent) return 'hygiene'
  const { succession } = facts
  return succession === 'use' || succession === 'issue' ? succession : 'none'
}

function rotatesByOrder({ verb, isStored, isInCookie, isSatisfied, succession }: CommitFacts): boolean {
  const { regenerates, proves } = VERB_TRAITS[verb]
  return (regenerates || (proves && (!isSatisfied || succession !== 'none'))) && isStored && !isInCookie
}

function withoutWrite({ hasReplaced, isSignatureOld, succession }: CommitFacts): CommitPlan {
  if (hasReplaced) return { do: 'clear' }
  return isSignatureOld && succession === 'none' ? { do: 'sign' } : { do: 'nothing' }
}
