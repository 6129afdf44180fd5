import type { Context } from 'koa'
import type { CookieAttributes } from './cookie-attributes'
import type { Awaitable } from './awaitable'
import type { Lifetime } from '../record'

/** What a client presented. */
export interface Presented {
  /** The text that {@link Transport.write} gave to the client: a session id, or the wrapped record itself. */
  token: string
  /** It is good, but signed with a key that is no longer the first: it should be written again. */
  outdated?: boolean
}

/** How the client carries what it holds of its session. */
export interface Transport {
  /** Answers what the client presents: more than one where it holds several cookies of the name. */
  read(ctx: Context, attributes: CookieAttributes): Awaitable<Presented[]>
  /** Hands the client its token, for as long as it is to keep it. */
  write(ctx: Context, token: string, attributes: CookieAttributes, maxAge: Lifetime): Awaitable<void>
  /** Makes the client forget what it holds. */
  clear(ctx: Context, attributes: CookieAttributes): Awaitable<void>
}
