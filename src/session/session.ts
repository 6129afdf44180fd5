import type { Dictionary, Lifetime } from './record'

/**
 * The data of your sessions. Augment it once, and `ctx.session` and {@link SessionService} are typed by it.
 *
 * @example
 * declare module 'koa-session-service' {
 *   interface SessionData { userId?: string; views?: number }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it is there to be augmented
export interface SessionData {}

/** Called when the work is done, with the error if it failed. */
export type SessionCallback = (error?: unknown) => void

/** What every session can do, beside holding the visitor's data: koa-session's surface. */
export interface SessionControls {
  /** Whether the visitor came without a session, or with one that was not accepted. */
  readonly isNew: boolean
  /** The lifetime of this session in milliseconds or `'session'`; setting it saves the session, and stays with it. */
  maxAge: Lifetime
  /**
   * What the client holds: the session's id, with a secret behind it where there is one. It is live, and opens the session.
   * Undefined for a session that rests in its cookie.
   */
  readonly externalKey: string | undefined
  /** How many keys the data has. */
  readonly length: number
  /** Whether the data has any key. */
  readonly populated: boolean
  /** Saves the session now, changed or not: before a stream starts, for example. */
  save(): Promise<void>
  save(callback: SessionCallback): void
  /** Gives the client a new token, and makes every earlier one useless: do it whenever a visitor signs in. */
  regenerate(): Promise<void>
  regenerate(callback: SessionCallback): void
  /** Commits the session where the `autoCommit` option is false. */
  manuallyCommit(): Promise<void>
  manuallyCommit(callback: SessionCallback): void
  /** The data as a plain object: without functions and without keys that begin with `_`. */
  toJSON(): Dictionary
}

/** A visitor's session: their data, and {@link SessionControls}. */
export type Session<Data extends object = SessionData> = Data & SessionControls
