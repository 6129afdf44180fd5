import type { Context } from 'koa'
import type { CookieAttributes } from './cookie-attributes'
import type { Awaitable } from '../base/awaitable'
import type { Lifetime } from '../session/record'

/** One token that a client presented. */
export interface PresentedToken {
  /** The text that {@link Transport.write} gave to the client: a session id, or the wrapped record itself. */
  token: string
  /** It is good, but signed with a key that is no longer the first: it should be written again. */
  outdated?: boolean
}

/**
 * How many tokens of one request are tried at most. Each costs a look into the store or a decryption, so this bounds what
 * a crowd of planted cookies costs.
 */
export const MAX_TOKENS = 6

/** What a client presented: more than one token where it holds several cookies of the name. */
export interface Presented {
  /** What is to be tried, in this order; {@link MAX_TOKENS} at most. */
  tokens: PresentedToken[]
  /** A signature came along that fits no value, and everything was looked at: it is of no more use. */
  hasStraySignature?: boolean
  /** There was more than was looked at: nothing follows from what is not among the tokens. */
  isCut?: boolean
}

/** How the client carries what it holds of its session. */
export interface Transport {
  /** Reads, and writes nothing. */
  read(ctx: Context, attributes: CookieAttributes): Awaitable<Presented>
  /** Hands the client its token, for as long as it is to keep it. */
  write(ctx: Context, token: string, attributes: CookieAttributes, maxAge: Lifetime): Awaitable<void>
  /** Makes the client forget what it holds. */
  clear(ctx: Context, attributes: CookieAttributes): Awaitable<void>
  /** Takes back what this response was to tell the client, where the transport can. */
  retract?(ctx: Context): void
  /** Makes the client forget a signature that fits no value. */
  dropSignature?(ctx: Context): void
}
