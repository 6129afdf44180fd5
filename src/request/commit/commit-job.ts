import type { Lifetime } from '../../session/record'
import type { SessionModel } from '../../session/session-model'
import type { OnceAttempt } from '../../session/once'
import type { WriteReason } from '../../contracts/backend'
import type { WrittenBecause } from '../../session/explanation-words'
import type { CommitVerb } from './commit-plan'
import type { Draft } from './draft'
import type { LazyToken } from '../open/lazy-token'
import type { RequestScope } from '../scope/request-scope'
import type { Removal } from './remove-record'
import type { Stored, Superseded } from '../open/stored'

/** Where a session is: another may take its place while it is written. */
export interface SessionPlace {
  holds(session: SessionModel): boolean
}

/** What is asked of a commit. */
export interface CommitRequest {
  verb: CommitVerb
  /** The change that is to be written. */
  draft?: Draft
  /** The change that the verb was called in. */
  around?: Draft
  /** By what the owner has proved who they are. */
  method?: string
  /** Whose session it was when the verb was called. */
  calledBy?: string | undefined
  /** What the record is to say of `once()`. */
  once?: readonly OnceAttempt[]
  /** Where the session is that is written. */
  place?: SessionPlace
}

/** What a commit works on. */
export interface CommitJob {
  readonly scope: RequestScope
  readonly session: SessionModel
  readonly verb: CommitVerb
  /** What `confirm()` said of how the owner proved who they are. */
  readonly method: string | undefined
  /** Whose session it was when the verb was called; undefined where it was nobody's. */
  readonly calledBy: string | undefined
  /** Another request has rotated the token, or signed in, as this one was to: that is enough. */
  readonly isSatisfied: boolean
  readonly stored: Stored | undefined
  readonly superseded: Superseded | undefined
  /** The token of a session that is not stored yet. */
  readonly newToken: LazyToken
  readonly mustWrite: boolean
  readonly wasWritten: boolean
  /** Whether the session begins anew: it takes nothing of what others write, and its age counts from here. */
  readonly beginning: { readonly isDue: boolean }
  /** The session took the place of one in a store that is ended. */
  readonly hasReplaced: boolean
  readonly isSignatureOld: boolean
  /** What others have written meanwhile is in the session. */
  readonly isMerged: boolean
  /** The change that `update()` makes. */
  readonly draft: Draft | undefined
  /** What the record is to say of `once()`; undefined where that stays as it is. */
  readonly once: readonly OnceAttempt[] | undefined
  readonly place: SessionPlace
}

/** What is known of a session before a commit. */
export type JobBasis = Pick<CommitJob, 'stored' | 'newToken' | 'mustWrite'> &
  Partial<Pick<CommitJob, 'superseded' | 'wasWritten' | 'beginning' | 'hasReplaced' | 'isSignatureOld'>>

const GOES_ON = { isDue: false }
const ITS_OWN: SessionPlace = { holds: () => true }

/** Written out: spreading objects here costs more than all the rest of a request. */
export function newJob(
  scope: RequestScope,
  session: SessionModel,
  { verb, method, calledBy, draft, once, place = ITS_OWN }: CommitRequest,
  basis: JobBasis,
): CommitJob {
  return {
    scope,
    session,
    verb,
    method,
    calledBy,
    isSatisfied: false,
    stored: basis.stored,
    superseded: basis.superseded,
    newToken: basis.newToken,
    mustWrite: basis.mustWrite,
    wasWritten: basis.wasWritten === true,
    beginning: basis.beginning ?? GOES_ON,
    hasReplaced: basis.hasReplaced === true,
    isSignatureOld: basis.isSignatureOld === true,
    isMerged: false,
    draft,
    once,
    place,
  }
}

/**
 * How a commit ended; what the client is told follows from it.
 *
 * - `unchanged`: nothing was written. The client may have to forget its token, or have it signed anew.
 * - `written`: and what the client is to hold, where this request knows it.
 * - `gone`: the session was ended, or changed hands, while this request used it. The client is told nothing. `elsewhere` is
 *   the one that changed hands: it goes on without this request.
 * - `detached`: the same, for a request that regenerates: it goes on, and a sign-in is a session of its own.
 * - `again`: another request was faster. `update()` reads what is stored now, and makes its change once more:
 *   see {@link Again}.
 */
export type Outcome =
  | {
      name: 'unchanged'
      tell: 'clear' | 'sign' | 'nothing'
      stored: Stored | undefined
      superseded: Superseded | undefined
      isMerged: boolean
    }
  | {
      name: 'written'
      reason: WriteReason
      stored: Stored
      token: string | undefined
      left: Lifetime
      isRotated: boolean
      isMerged: boolean
      /** What was stored before. */
      before: Stored | undefined
    }
  | { name: 'gone'; elsewhere?: Removal }
  | { name: 'detached'; superseded: Superseded }
  | Again

/** Why a change is to be made again. */
export interface Again {
  name: 'again'
  isMissing: boolean
  owner: string | undefined
  /** Nothing was to be written: the request looks what others have made of the session. */
  isLook?: boolean
}

/** Reports the end of what a session was, where a write has given it to another account or to nobody. In a cookie, `endBefore` does. */
export function reportOwnerChange(scope: RequestScope, outcome: Outcome): void {
  if (outcome.name !== 'written' || !scope.config.hasStore) return
  const { before, stored } = outcome
  const owner = before?.snapshot.owner
  if (before?.id === undefined || owner === undefined || owner === stored.snapshot.owner) return
  scope.reportEnd(before.id, owner, 'hands')
}

/** What a commit has written, and why, in one word. */
export function writtenBecause(verb: CommitVerb, outcome: Outcome): WrittenBecause {
  if (outcome.name === 'unchanged') return TOLD[outcome.tell]
  if (outcome.name === 'written') return verb === 'commit' || outcome.reason === 'changed' ? outcome.reason : verb
  return outcome.name === 'again' ? 'nothing' : outcome.name
}

/** Whether what a commit has made is nowhere before the client is told. */
export function isHeldByClient({ name }: Outcome, { config }: RequestScope): boolean {
  return name === 'unchanged' || (name === 'written' && !config.hasStore)
}

const TOLD = { clear: 'cleared', sign: 'signed', nothing: 'nothing' } as const

/** The session was ended, or has changed hands, while this request used it: that is told, and it is not written again. */
export function gone(scope: RequestScope, id: string | undefined): Outcome {
  scope.report('gone', id, {})
  return { name: 'gone' }
}
