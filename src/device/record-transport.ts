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

const NONE: Presented = { tokens: [] }

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

  read(ctx: Context, attributes: CookieAttributes, claim: string | undefined): Awaitable<PresentedBinding> {
    const { session, second, keys } = this.#parts
    return andThen(claim === undefined ? second.read(ctx, this.attributesOf(attributes)) : NONE, (beside) => {
      const all = beside.tokens.map(({ token }) => openShort(keys, ctx, token))
      const shorts = all.filter(({ deadline }) => deadline !== undefined)
      return andThen(session.read(ctx, attributes), (presented) => {
        const isCut = presented.isCut === true || beside.isCut === true
        const isAlone = presented.tokens.length <= 1 && beside.tokens.length <= 1 && !isCut
        const [deadlines, expired] = [deadlinesOf(shorts), expiredIn(shorts)]
        return Object.freeze({ ...presented, isCut, attributes, deadlines, expired, isAlone })
      })
    })
  }

  attributesOf(attributes: CookieAttributes): CookieAttributes {
    const own = { ...attributes, secure: true, httpOnly: true }
    return this.#parts.isOneHost ? { ...own, path: '/', domain: undefined } : own
  }

  deadlineOf({ deadlines }: PresentedBinding, _token: string, device: string): number | undefined {
    return deadlines.get(device)
  }

  write(ctx: Context, token: string, handing: Handing, maxAge: Lifetime): Awaitable<boolean> {
    // Nothing but a proof makes the time longer; what this response has taken back it hands out again.
    const isDue = handing.isProof || !handing.holdsSecond
    const withSecond = isDue ? this.renew(ctx, handing) : handing.holdsSecond
    const second = handing.session?.device ? withSecond : this.#clearSecond(ctx, handing)
    return andThen(second, (holdsSecond) =>
      andThen(this.#parts.session.write(ctx, token, handing.attributes, maxAge), () => holdsSecond),
    )
  }

  clear(ctx: Context, handing: Pick<Handing, 'attributes' | 'holdsSecond'>): Awaitable<boolean> {
    return andThen(this.#clearSecond(ctx, handing), (holdsSecond) =>
      andThen(this.#parts.session.clear(ctx, handing.attributes), () => holdsSecond),
    )
  }

  clearShort(ctx: Context, attributes: CookieAttributes): void {
    if (!ctx.headerSent && ctx.secure) void this.#parts.second.clear(ctx, this.attributesOf(attributes))
  }

  renew(ctx: Context, { session, deadline = 0, attributes, holdsSecond }: Handing): Awaitable<boolean> {
    const { second, keys, lifetime } = this.#parts
    const left = keptFor(deadline, lifetime)
    if (!session?.device || left <= 0) return holdsSecond
    const text = writeShortToken(keys, ctx, { token: session.device.id, deadline })
    return andThen(second.write(ctx, text, this.attributesOf(attributes), left), () => true)
  }

  dropSignature(ctx: Context): void {
    this.#parts.session.dropSignature?.(ctx)
  }

  /** Without HTTPS no browser would forget a cookie that came over it. */
  #clearSecond(
    ctx: Context,
    { attributes, holdsSecond }: Pick<Handing, 'attributes' | 'holdsSecond'>,
  ): Awaitable<boolean> {
    if (!holdsSecond || !ctx.secure) return holdsSecond
    return andThen(this.#parts.second.clear(ctx, this.attributesOf(attributes)), () => false)
  }
}
