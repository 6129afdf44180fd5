import type { Context } from 'koa'
import { andThen, type Awaitable } from '../base/awaitable'
import type { CookieAttributes } from '../contracts/cookie-attributes'
import type { Presented, PresentedToken } from '../contracts/transport'
import type { Lifetime } from '../session/record'
import { keptFor, noteDeadline, openShort, type BoundTransport, type BoundTransportParts } from './bound-transport'
import type { Exchange } from './exchange'
import { writeShortToken } from './short-token'

/**
 * For sessions in a store: carries the token twice, for a short time in the session's cookie, and for the session's whole life
 * in a second one, which goes to the protocol's paths alone and is good for nothing but to find the record there.
 */
export class TokenTransport implements BoundTransport {
  readonly #parts: BoundTransportParts

  constructor(parts: BoundTransportParts) {
    this.#parts = parts
  }

  readonly deadlineOf = ({ deadlines }: Exchange, token: string): number | undefined => deadlines?.get(token)

  read(ctx: Context, attributes: CookieAttributes): Awaitable<Presented> {
    const { session, second, exchangeOf } = this.#parts
    const exchange = exchangeOf(ctx)
    exchange.attributes = attributes
    if (exchange.claimed !== undefined) {
      return andThen(second.read(ctx, this.#secondAttributes(attributes)), ({ tokens }) => {
        exchange.candidates = tokens.length
        return { tokens }
      })
    }
    return andThen(session.read(ctx, attributes), ({ tokens, ...rest }) => ({
      ...rest,
      tokens: tokens.flatMap((presented) => this.#unwrap(ctx, exchange, presented)),
    }))
  }

  write(ctx: Context, token: string, attributes: CookieAttributes, maxAge: Lifetime): Awaitable<void> {
    const { session, second, keys, lifetime, exchangeOf } = this.#parts
    const exchange = exchangeOf(ctx)
    const device = exchange.session?.device
    if (!device) {
      return andThen(this.#clearSecond(ctx, attributes), () => session.write(ctx, token, attributes, maxAge))
    }
    exchange.holdsSecond = true
    const deadline = exchange.deadline ?? device.since + lifetime
    return andThen(second.write(ctx, token, this.#secondAttributes(attributes), maxAge), () => {
      const left = keptFor(deadline, lifetime)
      if (left <= 0) return
      const life = maxAge === 'session' ? left : Math.min(left, maxAge)
      return session.write(ctx, writeShortToken(keys, ctx, { token, deadline }), attributes, life)
    })
  }

  clear(ctx: Context, attributes: CookieAttributes): Awaitable<void> {
    return andThen(this.#clearSecond(ctx, attributes), () => this.#parts.session.clear(ctx, attributes))
  }

  clearShort(ctx: Context, attributes: CookieAttributes): void {
    if (!ctx.headerSent && ctx.secure) void this.#parts.session.clear(ctx, attributes)
  }

  retract(ctx: Context): void {
    this.#parts.session.retract?.(ctx)
    this.#parts.second.retract?.(ctx)
  }

  dropSignature(ctx: Context): void {
    this.#parts.session.dropSignature?.(ctx)
  }

  #clearSecond(ctx: Context, attributes: CookieAttributes): Awaitable<void> {
    const exchange = this.#parts.exchangeOf(ctx)
    if (!exchange.holdsSecond) return
    exchange.holdsSecond = false
    return this.#parts.second.clear(ctx, this.#secondAttributes(attributes))
  }

  /** A refresh that another site's link has caused is a request across sites, and it is worth nothing to who has no key. */
  #secondAttributes(attributes: CookieAttributes): CookieAttributes {
    const { path, hasInitiators } = this.#parts
    const own = { ...attributes, path, secure: true, httpOnly: true }
    return hasInitiators ? { ...own, sameSite: 'none' } : own
  }

  #unwrap(ctx: Context, exchange: Exchange, presented: PresentedToken): PresentedToken[] {
    const short = openShort(this.#parts, ctx, presented.token)
    if (short === undefined) return [presented]
    if (short === null) {
      this.clearShort(ctx, exchange.attributes)
      return []
    }
    noteDeadline(exchange, short)
    return [{ ...presented, token: short.token }]
  }
}
