import type { Context } from 'koa'
import { andThen, type Awaitable } from '../base/awaitable'
import type { CookieAttributes } from '../contracts/cookie-attributes'
import type { Presented } from '../contracts/transport'
import type { Lifetime } from '../session/record'
import { keptFor, noteDeadline, openShort, type BoundTransport, type BoundTransportParts } from './bound-transport'
import type { Exchange } from './exchange'
import { writeShortToken } from './short-token'

/**
 * For sessions in their cookie: that cookie stays as it is, and opens the session only beside a second one, which names the
 * device for a short time. A refresh hands out the second one alone: browsers refresh beside other requests, and one that wrote
 * the record would take back what these have written.
 */
export class RecordTransport implements BoundTransport {
  readonly #parts: BoundTransportParts

  constructor(parts: BoundTransportParts) {
    this.#parts = parts
  }

  readonly deadlineOf = ({ deadlines }: Exchange, _token: string, device: string): number | undefined =>
    deadlines?.get(device)

  read(ctx: Context, attributes: CookieAttributes): Awaitable<Presented> {
    const { session, second, exchangeOf } = this.#parts
    const exchange = exchangeOf(ctx)
    exchange.attributes = attributes
    const reading = exchange.claimed === undefined ? second.read(ctx, attributes) : { tokens: [] }
    return andThen(reading, ({ tokens: shorts }) => {
      for (const { token } of shorts) this.#note(ctx, exchange, token)
      return andThen(session.read(ctx, attributes), (presented) => {
        exchange.candidates = presented.tokens.length
        return presented
      })
    })
  }

  write(ctx: Context, token: string, attributes: CookieAttributes, maxAge: Lifetime): Awaitable<void> {
    const exchange = this.#parts.exchangeOf(ctx)
    // Nothing but a proof makes the time longer; what this response has taken back it hands out again.
    const isDue = exchange.rebind !== undefined || !exchange.holdsSecond
    const second = exchange.session?.device ? isDue && this.renew(ctx, attributes) : this.#clearSecond(ctx, attributes)
    return andThen(second, () => this.#parts.session.write(ctx, token, attributes, maxAge))
  }

  clear(ctx: Context, attributes: CookieAttributes): Awaitable<void> {
    return andThen(this.#clearSecond(ctx, attributes), () => this.#parts.session.clear(ctx, attributes))
  }

  clearShort(ctx: Context, attributes: CookieAttributes): void {
    if (!ctx.headerSent && ctx.secure) void this.#parts.second.clear(ctx, attributes)
  }

  renew(ctx: Context, attributes: CookieAttributes): Awaitable<void> {
    const { second, keys, lifetime, exchangeOf } = this.#parts
    const exchange = exchangeOf(ctx)
    const { session, deadline = 0 } = exchange
    const left = keptFor(deadline, lifetime)
    if (!session?.device || left <= 0) return
    exchange.holdsSecond = true
    const text = writeShortToken(keys, ctx, { token: session.device.id, deadline })
    return second.write(ctx, text, attributes, left)
  }

  dropSignature(ctx: Context): void {
    this.#parts.session.dropSignature?.(ctx)
  }

  #clearSecond(ctx: Context, attributes: CookieAttributes): Awaitable<void> {
    const exchange = this.#parts.exchangeOf(ctx)
    if (!exchange.holdsSecond) return
    exchange.holdsSecond = false
    return this.#parts.second.clear(ctx, attributes)
  }

  #note(ctx: Context, exchange: Exchange, text: string): void {
    const short = openShort(this.#parts, ctx, text)
    if (short) noteDeadline(exchange, short)
    else if (short === null) this.clearShort(ctx, exchange.attributes)
  }
}
