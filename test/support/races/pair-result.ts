import type { SessionRecord } from 'koa-session-service'
import type { Trial } from './pair-trial'
import type { Verb } from './verbs'
import type { WireAnswer } from './wire'

/** Whose request it is: the one with two verbs at once, or the one beside it. */
export type Whose = 'mine' | 'rival'

/** What became of a verb. */
export interface Done {
  verb: Verb
  by: Whose
  /** `gone`: it says itself that there was no session any more. */
  end: 'waiting' | 'done' | 'gone' | 'failed'
  value?: unknown
  error?: { code?: string; message?: string }
}

/** A token on a response whose headers go out, and what it opens at that moment. */
export interface Sent {
  /** The path of the request. */
  by: string
  token: string
  opens: 'its session' | 'nothing: it was rotated away' | 'nothing: the session is over'
}

/** All that is left of a trial. */
export interface Result {
  trial: Trial
  /** Nobody asked the store for anything any more, and not everybody was answered. */
  waits: boolean
  done: readonly Done[]
  answers: Readonly<Record<Whose, WireAnswer | undefined>>
  /** The paths of requests that have joined a sign-in which was taken back then. */
  undone: ReadonlySet<string>
  /** The paths of requests that were told that their session was gone. */
  gone: ReadonlySet<string>
  sent: readonly Sent[]
  /** Tokens that any browser was given or holds. */
  tokens: readonly string[]
  /** What the visitor's browser holds in the end opens a record. */
  isOpen: boolean
  /** The data that it is shown then; undefined where that could not be asked. */
  shown: Record<string, unknown> | undefined
  /** The record that the visitor had at first, as it is in the end, and the hash of its token at first. */
  original: SessionRecord | undefined
  originalSecret: string | undefined
  /** The records that are there in the end, by their keys. */
  records: ReadonlyMap<string, SessionRecord>
  /** What a later update() of the same visitor, in the same process and with a conflict, came to. */
  later: 'answered' | 'waits' | 'not asked' | number
  hasHungUp: boolean
  /** The request had asked for a write before its browser hung up. */
  wroteBeforeHangUp: boolean
  /** A call of the store was lost. */
  hasLost: boolean
  /** The calls of the store, as they took effect. */
  log: readonly string[]
}
