import type { Context } from 'koa'
import { andThen, type Awaitable } from '../base/awaitable'
import type { CookieAttributes } from '../contracts/cookie-attributes'
import type { Presented } from '../contracts/transport'
import type { Lifetime } from '../session/record'
import {
  deadlinesOf,
  expiredIn,
  keptFor,
  openShort,
  type BoundTransport,
  type BoundTransportParts,
  type Handing,
  type PresentedBinding,
} from './bound-transport'
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

  read(ctx: Context, attributes: CookieAttributes, claim: string | undefined): Awaitable<PresentedBinding> {
    const { session, second } = this.#parts
    if (claim === undefined) {
      return andThen(session.read(ctx, attributes), (presented) => this.#unwrap(ctx, attributes, presented))
    }
    return andThen(second.read(ctx, this.#secondAttributes(attributes)), ({ tokens, isCut }) =>
      Object.freeze({ tokens, isCut, attributes, deadlines: new Map<string, number>(), expired: [], isAlone: false }),
    )
  }

  attributesOf(attributes: CookieAttributes): CookieAttributes {
    return attributes
  }

  deadlineOf({ deadlines }: PresentedBinding, token: string): number | undefined {
    return deadlines.get(token)
  }

  write(ctx: Context, token: string, handing: Handing, maxAge: Lifetime): Awaitable<boolean> {
    const { session, second, keys, lifetime } = this.#parts
    const { attributes } = handing
    const device = handing.session?.device
    if (!device) {
      return andThen(this.#clearSecond(ctx, handing), () =>
        andThen(session.write(ctx, token, attributes, maxAge), () => false),
      )
    }
    const deadline = handing.deadline ?? device.since + lifetime
    return andThen(second.write(ctx, token, this.#secondAttributes(attributes), maxAge), () => {
      const left = keptFor(deadline, lifetime)
      if (left <= 0) return true
      const life = maxAge === 'session' ? left : Math.min(left, maxAge)
      const text = writeShortToken(keys, ctx, { token, deadline })
      return andThen(session.write(ctx, text, attributes, life), () => true)
    })
  }

  clear(ctx: Context, handing: Pick<Handing, 'attributes' | 'holdsSecond'>): Awaitable<boolean> {
    return andThen(this.#clearSecond(ctx, handing), () =>
      andThen(this.#parts.session.clear(ctx, handing.attributes), () => false),
    )
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

  #clearSecond(
    ctx: Context,
    { attributes, holdsSecond }: Pick<Handing, 'attributes' | 'holdsSecond'>,
  ): Awaitable<void> {
    if (holdsSecond) return this.#parts.second.clear(ctx, this.#secondAttributes(attributes))
  }

  /** A refresh that another site's link has caused is a request across sites, and it is worth nothing to who has no key. */
  #secondAttributes(attributes: CookieAttributes): CookieAttributes {
    const { path, hasInitiators } = this.#parts
    const own = { ...attributes, path, secure: true, httpOnly: true }
    return hasInitiators ? { ...own, sameSite: 'none' } : own
  }

  #unwrap(ctx: Context, attributes: CookieAttributes, presented: Presented): PresentedBinding {
    const opened = presented.tokens.map((given) => ({ given, short: openShort(this.#parts.keys, ctx, given.token) }))
    const shorts = opened.map(({ short }) => short)
    const good = opened.filter(({ short }) => !short.isExpired)
    const tokens = good.map(({ given, short }) => ({ ...given, token: short.token }))
    const isAlone = opened.length === 1 && !presented.isCut
    return Object.freeze({
      ...presented,
      tokens,
      attributes,
      deadlines: deadlinesOf(shorts),
      expired: expiredIn(shorts),
      isAlone,
    })
  }
}
