import type { Context } from 'koa'
import { andThen, type Awaitable } from '../base/awaitable'
import type { CookieAttributes } from '../contracts/cookie-attributes'
import type { Presented, Transport } from '../contracts/transport'
import type { Lifetime } from '../session/record'
import type { BoundTransport, Handing } from './bound-transport'
import type { DeviceKeys } from './device-keys'
import type { Exchanges } from './exchange'

/** What {@link ExchangeTransport} is made of. */
export interface ExchangeTransportParts {
  readonly transport: BoundTransport
  readonly exchanges: Exchanges
  readonly keys: DeviceKeys
  /** What a cookie held for a short time came after its time. */
  readonly onExpired: (ctx: Context, token: string) => void
}

/** The transport of a request's session: it knows from the exchange what there is to carry, and notes what it has carried. */
export class ExchangeTransport implements Transport {
  readonly #parts: ExchangeTransportParts

  constructor(parts: ExchangeTransportParts) {
    this.#parts = parts
  }

  read(ctx: Context, attributes: CookieAttributes): Awaitable<Presented> {
    const { transport, exchanges, keys, onExpired } = this.#parts
    keys.check(ctx)
    return andThen(transport.read(ctx, attributes, exchanges.of(ctx).claim), (presented) => {
      exchanges.note(ctx, { presented })
      for (const token of presented.expired) onExpired(ctx, token)
      if (presented.isAlone && presented.expired.length > 0) transport.clearShort(ctx, attributes)
      return presented
    })
  }

  write(ctx: Context, token: string, attributes: CookieAttributes, maxAge: Lifetime): Awaitable<void> {
    const { transport } = this.#parts
    return this.#note(ctx, transport.write(ctx, token, this.#handing(ctx, attributes), maxAge))
  }

  clear(ctx: Context, attributes: CookieAttributes): Awaitable<void> {
    return this.#note(ctx, this.#parts.transport.clear(ctx, this.#handing(ctx, attributes)))
  }

  /** Hands out a fresh cookie without a write of the session; undefined where that is not enough. */
  get renew(): ((ctx: Context) => Awaitable<void>) | undefined {
    const { transport, exchanges } = this.#parts
    if (!transport.renew) return undefined
    return (ctx) => {
      const { attributes = {} } = exchanges.of(ctx).presented ?? {}
      return this.#note(ctx, transport.renew?.(ctx, this.#handing(ctx, attributes)) ?? false)
    }
  }

  retract(ctx: Context): void {
    this.#parts.transport.retract?.(ctx)
  }

  dropSignature(ctx: Context): void {
    this.#parts.transport.dropSignature(ctx)
  }

  #handing(ctx: Context, attributes: CookieAttributes): Handing {
    const { session, deadline, holdsSecond, rebind } = this.#parts.exchanges.of(ctx)
    return { attributes, session, deadline, holdsSecond, isProof: rebind !== undefined }
  }

  #note(ctx: Context, writing: Awaitable<boolean>): Awaitable<void> {
    return andThen(writing, (holdsSecond) => void this.#parts.exchanges.note(ctx, { holdsSecond }))
  }
}
