import type { Context } from 'koa'
import type { Awaitable } from '../base/awaitable'
import type { CookieAttributes } from '../contracts/cookie-attributes'
import type { Presented, Transport } from '../contracts/transport'
import type { BindableSession } from '../contracts/device-binding'
import type { Lifetime } from '../session/record'
import type { DeviceKeys } from './device-keys'
import { readShortToken } from './short-token'

/** What a {@link BoundTransport} is made of. */
export interface BoundTransportParts {
  /** Carries the session's cookie. */
  readonly session: Transport
  /** Carries a second one. */
  readonly second: Transport
  /** The second one goes to one host alone, and all of its paths. */
  readonly isOneHost: boolean
  readonly keys: DeviceKeys
  readonly lifetime: number
  /** Where the protocol is answered. */
  readonly path: string
  /** Whether other sites may let the browser renew the cookie. */
  readonly hasInitiators: boolean
}

/** What a client presents of a session that may be bound. */
export interface PresentedBinding extends Presented {
  /** The attributes that the session's cookie was read with. */
  readonly attributes: CookieAttributes
  /** Until when what was presented opens a session, by the session's token or its device: milliseconds since 1970. */
  readonly deadlines: ReadonlyMap<string, number>
  /** What came after its time. */
  readonly expired: readonly string[]
  /** No cookie came twice, and none was left out: what would be cleared is what was looked at, and no other that is planted. */
  readonly isAlone: boolean
}

/** What is handed to a client, and what is known of the client. */
export interface Handing {
  readonly attributes: CookieAttributes
  readonly session: BindableSession | undefined
  /** Until when it is good; undefined where the key was registered by another request. */
  readonly deadline: number | undefined
  /** The client holds the second cookie. */
  readonly holdsSecond: boolean
  /** The device has just proven itself. */
  readonly isProof: boolean
}

/**
 * How a client carries a session that may be bound to its device. Any other session is carried as it always was. What writes
 * returns whether the client holds the second cookie then.
 */
export interface BoundTransport {
  /** Reads, and writes nothing. @param claim the binding that is to be refreshed */
  read(ctx: Context, attributes: CookieAttributes, claim: string | undefined): Awaitable<PresentedBinding>
  /** The attributes of the cookie that the browser is to renew, beside a session's cookie with these. */
  attributesOf(attributes: CookieAttributes): CookieAttributes
  /** Until when a token that was presented opens the session of a device; undefined where it does not. */
  deadlineOf(presented: PresentedBinding, token: string, device: string): number | undefined
  write(ctx: Context, token: string, handing: Handing, maxAge: Lifetime): Awaitable<boolean>
  clear(ctx: Context, handing: Pick<Handing, 'attributes' | 'holdsSecond'>): Awaitable<boolean>
  /** Gives the browser a reason to ask for a fresh cookie: it lets what is no good any more be forgotten. */
  clearShort(ctx: Context, attributes: CookieAttributes): void
  /** Hands out a fresh cookie without a write of the session, where that is all that there is to do. */
  renew?(ctx: Context, handing: Handing): Awaitable<boolean>
  retract?(ctx: Context): void
  dropSignature(ctx: Context): void
}

/**
 * How long the browser keeps what is good until `deadline`, in milliseconds: it asks for the next one in the last tenth of the
 * time, before anything is refused.
 */
export function keptFor(deadline: number, lifetime: number): number {
  return deadline - lifetime / 10 - Date.now()
}

/** A cookie that may hold a token for a short time. */
export interface OpenedShort {
  readonly token: string
  /** Undefined where the text is none of ours: then it is the token. */
  readonly deadline: number | undefined
  readonly isExpired: boolean
}

/** Takes apart what may have been handed out for a short time. */
export function openShort(keys: DeviceKeys, ctx: Context, text: string): OpenedShort {
  const short = readShortToken(keys, ctx, text)
  if (!short) return { token: text, deadline: undefined, isExpired: false }
  return { ...short, isExpired: short.deadline <= Date.now() }
}

/** Until when each of these is good; where one came more than once, the longest time counts. */
export function deadlinesOf(shorts: readonly OpenedShort[]): ReadonlyMap<string, number> {
  const deadlines = new Map<string, number>()
  for (const { token, deadline, isExpired } of shorts) {
    if (deadline === undefined || isExpired) continue
    deadlines.set(token, Math.max(deadline, deadlines.get(token) ?? 0))
  }
  return deadlines
}

/** The tokens that came after their time. */
export function expiredIn(shorts: readonly OpenedShort[]): string[] {
  return shorts.filter(({ isExpired }) => isExpired).map(({ token }) => token)
}
