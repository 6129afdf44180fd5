import type { Lifetime } from '../../session/record'
import type { SessionModel } from '../../session/session-model'
import type { CommitVerb } from './commit-plan'
import type { Draft } from './draft'
import type { NewToken } from '../open/new-token'
import type { RequestScope } from '../scope/request-scope'
import type { Stored, Superseded } from '../open/stored'

/** What is asked of a commit. */
export interface CommitRequest {
  verb: CommitVerb
  draft?: Draft
  /** By what the owner has proved who they are. */
  method?: string
  /** The request holds the lock of its session already. */
  holdsLock: boolean
}

/** What a commit works on. */
export interface CommitJob {
  readonly scope: RequestScope
  readonly session: SessionModel
  readonly verb: CommitVerb
  /** What `confirm()` said of how the owner proved who they are. */
  readonly method: string | undefined
  /** Another request has rotated the token, or signed in, as this one was to: that is enough. */
  readonly isSatisfied: boolean
  readonly stored: Stored | undefined
  readonly superseded: Superseded | undefined
  /** The token of a session that is not stored yet. */
  readonly newToken: NewToken
  readonly mustWrite: boolean
  readonly wasWritten: boolean
  /** The session begins anew: it takes nothing of what others write, and its age counts from here. */
  readonly startsOver: boolean
  /** The session took the place of one in a store that is ended. */
  readonly hasReplaced: boolean
  readonly isSignatureOld: boolean
  /** The request holds the lock of its session already. */
  readonly holdsLock: boolean
  /** The change that `update()` makes. */
  readonly draft: Draft | undefined
}

/**
 * How a commit ended; what the client is told follows from it.
 *
 * - `unchanged`: nothing was written. The client may have to forget its token, or have it signed anew.
 * - `written`: and what the client is to hold, where this request knows it.
 * - `gone`: the session was ended, or changed hands, while this request used it. The client is told nothing.
 * - `adrift`: the same, for a request that regenerates: it goes on, and a sign-in is a session of its own.
 * - `again`: another request was faster. `update()` reads what is stored now, and makes its change once more;
 *   `owner` is whose the session was to be.
 */
export type Outcome =
  | {
      name: 'unchanged'
      tell: 'clear' | 'sign' | 'nothing'
      stored: Stored | undefined
      superseded: Superseded | undefined
    }
  | { name: 'written'; stored: Stored; token: string | undefined; left: Lifetime; isRotated: boolean }
  | { name: 'gone' }
  | { name: 'adrift'; superseded: Superseded }
  | { name: 'again'; stored: Stored | undefined; isMissing: boolean; owner: string | undefined }
