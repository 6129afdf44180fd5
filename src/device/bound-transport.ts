import type { Context } from 'koa'
import type { Awaitable } from '../base/awaitable'
import type { CookieAttributes } from '../contracts/cookie-attributes'
import type { Transport } from '../contracts/transport'
import type { DeviceKeys } from './device-keys'
import type { Exchange } from './exchange'
import { readShortToken, type ShortToken } from './short-token'

/** What a {@link BoundTransport} is made of. */
export interface BoundTransportParts {
  /** Carries the session's cookie. */
  readonly session: Transport
  /** Carries a second one. */
  readonly second: Transport
  readonly keys: DeviceKeys
  readonly lifetime: number
  /** Where the protocol is answered. */
  readonly path: string
  /** Whether other sites may let the browser renew the cookie. */
  readonly hasInitiators: boolean
  readonly exchangeOf: (ctx: Context) => Exchange
  /** What a cookie held for a short time came after its time. */
  readonly onExpired: (ctx: Context, token: string) => void
}

/** How a client carries a session that may be bound to its device. Any other session is carried as it always was. */
export interface BoundTransport extends Transport {
  /** What {@link Exchange.deadlines} knows a session's time by: its token, or its device. */
  readonly deadlineOf: (exchange: Exchange, token: string, device: string) => number | undefined
  /** Gives the browser a reason to ask for a fresh cookie: it lets what is no good any more be forgotten. */
  clearShort(ctx: Context, attributes: CookieAttributes): void
  /** Hands out a fresh cookie without a write of the session, where that is all that there is to do. */
  renew?(ctx: Context, attributes: CookieAttributes): Awaitable<void>
}

/**
 * How long the browser keeps what is good until `deadline`, in milliseconds: it asks for the next one in the last tenth of the
 * time, before anything is refused.
 */
export function keptFor(deadline: number, lifetime: number): number {
  return deadline - lifetime / 10 - Date.now()
}

/** Takes apart what was handed out for a short time; undefined for anything else, and null where its time is over. */
export function openShort(
  { keys, onExpired }: BoundTransportParts,
  ctx: Context,
  text: string,
): ShortToken | null | undefined {
  const short = readShortToken(keys, ctx, text)
  if (!short || short.deadline > Date.now()) return short
  onExpired(ctx, short.token)
  return null
}

/** Notes until when something is good; where it came more than once, the longest time counts. */
export function noteDeadline(exchange: Exchange, { token, deadline }: ShortToken): void {
  exchange.deadlines ??= new Map()
  exchange.deadlines.set(token, Math.max(deadline, exchange.deadlines.get(token) ?? 0))
}
