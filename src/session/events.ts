import type { Context } from 'koa'
import type { DeviceInfo } from './sign-in-info'

/** What koa-session's three events tell. */
export interface RejectedSession {
  /** The id that was presented; undefined for a cookie that holds its record. */
  key: string | undefined
  /** The record that was not accepted, as it was read. */
  value: unknown
  ctx: Context
}

/** What the other events tell; `session` is a fingerprint of the id, fit for logs. */
export interface SessionIncident {
  session: string
  ctx: Context
}

/** Whose session it is, and what it is called in their list: see {@link SessionService.list}. */
export interface OwnedSession {
  owner: string
  handle: string
}
/**
 * Why a session is not bound, or was not opened. Experimental.
 *
 * - `expired`: its short-lived cookie came after its time: a copy, or a request that was very slow.
 * - `unproven`: a cookie came that was never good for longer than the registration took.
 * - `proof`: a proof was not signed by the device.
 * - `challenge`: a proof was for a challenge that is too old, another session's, or answered already.
 * - `owner`: the session belongs to another account now, or its owner has confirmed who they are; its device was forgotten.
 */
export type UnboundReason = 'expired' | 'unproven' | 'proof' | 'challenge' | 'owner'

/**
 * Why a session was ended.
 *
 * - `logout`: its visitor has signed out, or a holder has destroyed it.
 * - `one`: by {@link SessionService.revoke}.
 * - `all`: with all sessions of its owner; of sessions that rest in cookies told once, for the owner.
 * - `limit`: there were more than `maxPerOwner`.
 * - `key`: a key of it was ended with {@link SessionService.end}; told once for the key, whatever sessions carry it.
 * - `hands`: it belongs to another account now, or to nobody: what it was before is ended.
 * - `idle`, `absolute`, `maxAge`: it was presented after its time, and its record was still there.
 * - `replay`: a copy of its cookie came back, with the option `rotateEvery`; `replayed` is told beside it.
 * - `lost`: the store of ends has lost what it had, or has gone back: what began before is void.
 */
export type EndedReason =
  'logout' | 'one' | 'all' | 'limit' | 'key' | 'hands' | 'idle' | 'absolute' | 'maxAge' | 'replay' | 'lost'

/** Everything that a session reports: on the app as `session:missed` and so on, and on its service. */
export interface SessionEvents {
  /** The client presented an id for which there is no record. */
  missed: RejectedSession
  /** The record was past its time. */
  expired: RejectedSession
  /** The `valid` option refused the record. */
  invalid: RejectedSession
  /** The record was ended, or changed hands, while this request used it: its changes are dropped, the client is told nothing. */
  gone: SessionIncident
  /** Another request changed the record meanwhile: this one's changes are applied on top. */
  conflict: SessionIncident
  /** The response was under way already when the session was committed, so the client did not get what is `lost`. */
  headersSent: SessionIncident & { lost: 'data' | 'id' | 'renewal' | 'removal' }
  /** Somebody has signed in, or has proved anew who they are. */
  signedIn: SessionIncident & OwnedSession & { device: DeviceInfo | undefined }
  /**
   * A session was ended by somebody else than its own visitor: by {@link SessionService.revoke} (`one`), by
   * {@link SessionService.revokeAll} (`all`), or because there were more than `maxPerOwner` (`limit`).
   */
  revoked: Omit<SessionIncident, 'ctx'> & OwnedSession & { reason: 'one' | 'all' | 'limit'; ctx: Context | undefined }
  /**
   * A copy of a session's cookie came back, with the option `rotateEvery`: two hold what one was given. `isEnded` says whether the
   * session ended; with `onReplay: 'report'` it goes on. `ctx` is the request with the copy, or the owner's where the thief was
   * faster: nobody can tell which. `device` is what the option `device` said last. Told once among all processes where the session
   * ended. Experimental.
   */
  replayed: SessionIncident & OwnedSession & { device: DeviceInfo | undefined; isEnded: boolean }
  /**
   * A session was ended, or all that carry a key: told once among all processes, where it is in a store with conditional
   * writes, or in its cookie with the option `ends`. See {@link EndedReason}.
   */
  ended: {
    reason: EndedReason
    /** A fingerprint of the session's id, where one session is meant. */
    session?: string
    /** Whose it was, where that is known. */
    owner?: string
    /** What it was called in the list of its owner's sessions, where these can be listed. */
    handle?: string
    /** The key, where one was ended. */
    key?: string
    ctx: Context | undefined
  }
  /** A session that is bound to a device was asked for without its proof, or lost its binding: see {@link UnboundReason}. */
  unbound: SessionIncident & { reason: UnboundReason }
  /** The commit failed after the handler had failed: the handler's error is the one that Koa sees. */
  error: Omit<SessionIncident, 'ctx'> & { error: unknown; ctx: Context | undefined }
}

const NAMES: Record<keyof SessionEvents, true> = {
  missed: true,
  expired: true,
  invalid: true,
  gone: true,
  conflict: true,
  headersSent: true,
  signedIn: true,
  revoked: true,
  replayed: true,
  ended: true,
  unbound: true,
  error: true,
}

/**
 * The names of all {@link SessionEvents}, to listen to each of them.
 *
 * @example
 * for (const name of SESSION_EVENTS) sessions.on(name, () => console.count(`session ${name}`))
 */
export const SESSION_EVENTS = Object.freeze(Object.keys(NAMES)) as readonly (keyof SessionEvents)[]

/** Reports an event; listeners run after the request's own work. */
export type EmitSessionEvent = <Name extends keyof SessionEvents>(name: Name, detail: SessionEvents[Name]) => void
