import type { Context } from 'koa'

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

/**
 * Why a session is not bound, or was not opened. Experimental.
 *
 * - `expired`: its short-lived cookie came after its time: a copy, or a request that was very slow.
 * - `unproven`: a cookie came that was never good for longer than the registration took.
 * - `proof`: a proof was not signed by the device.
 * - `challenge`: a proof was for a challenge that is too old, another session's, or answered already.
 * - `hands`: the session belongs to another account now, and its device was forgotten.
 */
export type UnboundReason = 'expired' | 'unproven' | 'proof' | 'challenge' | 'hands'

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
  late: SessionIncident & { lost: 'data' | 'id' | 'renewal' | 'removal' }
  /** A session that is bound to a device was asked for without its proof, or lost its binding: see {@link UnboundReason}. */
  unbound: SessionIncident & { reason: UnboundReason }
  /** The commit failed after the handler had failed: the handler's error is the one that Koa sees. */
  error: SessionIncident & { error: unknown }
}

/** Reports an event; listeners run after the request's own work. */
export type EmitSessionEvent = <Name extends keyof SessionEvents>(name: Name, detail: SessionEvents[Name]) => void
