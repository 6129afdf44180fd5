import type { CookieFate, EndedBy, SessionHint, WrittenBecause } from '../../session/explanation-words'

/** Whether a cookie has opened its session. */
export function isGood(fate: string): boolean {
  return fate === 'accepted' || fate === 'old-key'
}

/**
 * Why a request's session is what it is: what {@link SessionService.explain} returns. It holds no token, no value of a cookie
 * and no data.
 *
 * The example needs `maxAge: 'session'` and a long `ttl` beside `idleTimeout`: otherwise the cookie, and the record in a store, end
 * with the session, and nobody can tell why.
 *
 * @example
 * const farewell = ({ why }: SessionExplanation) => (why === 'idle' ? 'You were away for too long.' : 'Please sign in.')
 * app.use((ctx) => {
 *   ctx.body = ctx.session.populated ? 'Welcome back.' : farewell(sessions.explain(ctx))
 * })
 */
export interface SessionExplanation {
  /** The name of the session's cookie. */
  readonly cookie: string
  /** What became of the cookie that decides; `no-cookie` where none came. */
  readonly why: CookieFate | 'no-cookie'
  /** By what the session was ended, where `why` is `ended` and this process still knows: see {@link EndedBy}. */
  readonly endedBy: EndedBy | undefined
  /** Every cookie of the session that came, in the order of the request. */
  readonly presented: readonly PresentedCookie[]
  /** What the session is now. `not-asked`: nobody has asked for it, so nothing was read. */
  readonly session: 'new' | 'loaded' | 'ended' | 'not-asked'
  /** A fingerprint of the session's id, the one of events and logs; undefined where the store has no such session. */
  readonly fingerprint: string | undefined
  /** What was written so far, and why. */
  readonly written: WrittenBecause
  /**
   * What the response tells the browser of the session's cookies so far. A signature goes with its cookie, and is not listed; but for
   * one that the response clears alone, as it was found bad.
   */
  readonly told: readonly ToldCookie[]
  /**
   * The code of the error that the session could not be read or written for, or that the request failed with; `other` for one that
   * is no {@link SessionError}. What went well later is not told.
   */
  readonly error: string | undefined
  /** What is most probably wrong; undefined where nothing seems to be. See {@link SessionHint}. */
  readonly hint: SessionHint | undefined
}

/** A cookie that a request brought. */
export interface PresentedCookie {
  readonly cookie: string
  /** Eight characters that tell cookies apart and open nothing: of a session in a store, the fingerprint of its id. */
  readonly fingerprint: string
  readonly fate: CookieFate
}

/** A cookie that a response sets. */
export interface ToldCookie {
  readonly cookie: string
  /** `clear`: the browser is to forget it. */
  readonly does: 'set' | 'clear'
  readonly fingerprint: string
  /** The attributes as the header has them, such as `path=/` and `httponly`. */
  readonly attributes: readonly string[]
}
