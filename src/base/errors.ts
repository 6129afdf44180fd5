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
  /** `ctx.session` or one of its properties was set to a value it cannot take. */
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
  /** Who is signed in has not proved lately enough who they are. */
  | 'ERR_SESSION_NOT_FRESH'
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
