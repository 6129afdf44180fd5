/** Every code a {@link SessionError} can carry. Codes are stable: match on them, never on messages. */
export type SessionErrorCode =
  /** An option is unknown, malformed or impossible beside another one. */
  | 'ERR_SESSION_OPTIONS'
  /** Two sessions of one app share a cookie name or a `ctx` property. */
  | 'ERR_SESSION_CLASH'
  /** A signed cookie is needed and `app.keys` is not set. */
  | 'ERR_SESSION_KEYS_MISSING'
  /** A `secure` cookie was to go out over a plain connection. */
  | 'ERR_SESSION_INSECURE'
  /** The cookie would be longer than browsers accept. */
  | 'ERR_SESSION_COOKIE_TOO_LARGE'
  /** `genid` returned something that cannot be a session id, or failed. */
  | 'ERR_SESSION_BAD_ID'
  /** `ctx.session` or one of its properties was set to a value it cannot take, an option returned one, or a verb was given no `ctx`. */
  | 'ERR_SESSION_BAD_VALUE'
  /** The data holds a value that the codec or the store cannot carry. */
  | 'ERR_SESSION_NOT_SERIALIZABLE'
  /** The session was read before it was loaded. */
  | 'ERR_SESSION_NOT_LOADED'
  /** The session middleware has not run for this request. */
  | 'ERR_SESSION_NO_MIDDLEWARE'
  /** The service was used without a `ctx`, outside a request. */
  | 'ERR_SESSION_NO_REQUEST'
  /** There is no session, or not the one that a handler requires. */
  | 'ERR_SESSION_REQUIRED'
  /** The visitor's last confirmation of who they are is too long ago for what a handler does. */
  | 'ERR_SESSION_NOT_FRESH'
  /** A page of another site has made a request that was to change something. */
  | 'ERR_SESSION_CROSS_SITE'
  /** A handler requires a session that is bound to its device. */
  | 'ERR_SESSION_NOT_BOUND'
  /** The record is longer than the store takes. */
  | 'ERR_SESSION_RECORD_TOO_LARGE'
  /** The store's table does not exist. */
  | 'ERR_SESSION_TABLE_MISSING'
  /** The store failed, or did not answer in time. */
  | 'ERR_SESSION_STORE'
  /** A new token was to go out when the response was under way. */
  | 'ERR_SESSION_HEADERS_SENT'
  /** A verb was called from within a hook of the same session. */
  | 'ERR_SESSION_NESTED'
  /** Other requests kept changing the session until the attempts ran out. */
  | 'ERR_SESSION_CONFLICT'
  /** The store's answers did not say whether a sign-in began before the end of its owner's sessions, or of another key, or after it. */
  | 'ERR_SESSION_UNSURE'
  /**
   * A session that was opened outside a request was to change hands, and nothing could carry the new token; or one has changed hands
   * beside a `confirm()` of the account before.
   */
  | 'ERR_SESSION_OWNER_CHANGED'
  /** A session in its cookie was to be changed outside a request, where nothing can carry a cookie. */
  | 'ERR_SESSION_READ_ONLY'
  /** The session was ended, has changed hands or has timed out; or there was none: the reason of a signal, or of `end()`. */
  | 'ERR_SESSION_ENDED'
  /** The work of `once()` has failed, which another request did for this one too. */
  | 'ERR_SESSION_ONCE_FAILED'
  /** The work of `once()`, which another request does for this one too, was not done in time. */
  | 'ERR_SESSION_ONCE_PENDING'
  /** The bus failed to publish a message. */
  | 'ERR_SESSION_BUS'

/** The code of a store error's cause where the write was made, and is not as safe as it was to be: it does not count. */
export const UNCONFIRMED = 'NOREPLICAS'

const BRAND = Symbol.for('koa-session-service.error')

/** What a {@link SessionError} is made from. */
export interface SessionErrorOptions {
  /** The HTTP status of a response to a request that fails with it; 500 by default. */
  status?: number
  /** The error behind this one. */
  cause?: unknown
}

/**
 * The base of every error of this library.
 *
 * Use `code` to tell errors apart; the message is for people and names the cure. `expose` is false, so Koa answers with
 * the status alone, and `toJSON` leaves out the message and the cause.
 *
 * @example
 * app.on('error', (error) => {
 *   if (error instanceof SessionError && error.code === 'ERR_SESSION_KEYS_MISSING') process.exit(1)
 * })
 */
export class SessionError extends Error {
  override name = 'SessionError'
  readonly code: SessionErrorCode
  readonly status: number
  readonly expose = false
  declare readonly [BRAND]: true

  constructor(code: SessionErrorCode, message: string, { status = 500, cause }: SessionErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.status = status
    Object.defineProperty(this, BRAND, { value: true })
  }

  /** What a client may see: name, code and status; never an id, data or the message. */
  toJSON(): { name: string; code: SessionErrorCode; status: number } {
    return { name: this.name, code: this.code, status: this.status }
  }

  /** True for every error of this library, also one that extends a framework's own error class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== SessionError) return Function.prototype[Symbol.hasInstance].call(this, value)
    return typeof value === 'object' && value !== null && BRAND in value
  }
}
