import { fingerprint } from '../session/token'
import type { Context } from 'koa'
import { SessionError } from '../base/errors'
import { redact } from '../base/redact'
import { publishAside, type Bus, type BusMessage } from '../contracts/bus'
import type { EmitSessionEvent } from '../session/events'
import { hashOwner, hashSession } from '../session/hashes'
import { MemoryBus } from './memory-bus'

type Told = Exclude<BusMessage['kind'], 'lost' | 'key'>

/**
 * Tells others what happened to a session, once the store has it.
 *
 * @param subject the session's id; the owner where sessions were `revoked`
 * @param generation of the session, after what happened
 */
export type Publish = (ctx: Context | undefined, kind: Told, subject: string, generation?: number) => void

/** Where there is nobody to tell. */
export const PUBLISH_NOTHING: Publish = () => undefined

/** Makes a {@link Publish}. It makes no message where nobody can hear one; one that fails is an event. */
export function publishOn(bus: Bus, emit: EmitSessionEvent): Publish {
  return (ctx, kind, subject, generation) => {
    if (bus instanceof MemoryBus && bus.size === 0) return
    publishAside(bus, messageOf(kind, subject, generation), (cause) => {
      const session = fingerprint(kind === 'revoked' ? undefined : subject)
      emit('error', { session, error: busError(cause, subject), ctx })
    })
  }
}

function messageOf(kind: Told, subject: string, generation?: number): BusMessage {
  if (kind === 'revoked') return { kind, owner: hashOwner(subject) }
  if (kind === 'ended') return { kind, session: hashSession(subject) }
  return { kind, session: hashSession(subject), generation }
}

function busError(cause: unknown, subject: string): SessionError {
  return new SessionError(
    'ERR_SESSION_BUS',
    'The bus failed to publish a message; its error is the cause of this one. The session was written all the same; others ' +
      'see it when they look at the store again: see "recheckEvery" and "maxStale".',
    { cause: redact(cause, [subject]) },
  )
}
