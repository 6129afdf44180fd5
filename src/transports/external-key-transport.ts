import type { Context } from 'koa'
import { andThen, type Awaitable } from '../base/awaitable'
import type { CookieAttributes } from '../contracts/cookie-attributes'
import { warnOnce } from '../base/warning'
import type { Presented, PresentedToken, Transport } from '../contracts/transport'

/** The `externalKey` option: the application carries the id itself, in a header for example. */
export interface ExternalKey {
  /** Returns the id that the client presents. */
  get(ctx: Context): Awaitable<string | null | undefined>
  /** Hands the id to the client. */
  set(ctx: Context, id: string): Awaitable<unknown>
  /** Makes the client forget it. Without this, the session's cookie is cleared, as in koa-session. */
  clear?(ctx: Context): Awaitable<unknown>
}

/** Carries the id the application's own way. */
export class ExternalKeyTransport implements Transport {
  readonly #externalKey: ExternalKey
  readonly #fallback: Transport

  constructor(externalKey: ExternalKey, fallback: Transport) {
    this.#externalKey = externalKey
    this.#fallback = fallback
  }

  read(ctx: Context): Awaitable<Presented> {
    return andThen(this.#externalKey.get(ctx), (given) => ({ tokens: tokensOf(given) }))
  }

  write(ctx: Context, token: string): Awaitable<void> {
    return andThen(this.#externalKey.set(ctx, token), () => undefined)
  }

  clear(ctx: Context, attributes: CookieAttributes): Awaitable<void> {
    if (!this.#externalKey.clear) return this.#fallback.clear(ctx, attributes)
    return andThen(this.#externalKey.clear(ctx), () => undefined)
  }
}

/** What a client sends may be anything: a value of a query is a list where it comes twice. That is the id of no session. */
function tokensOf(given: unknown): PresentedToken[] {
  const token = Number.isFinite(given) ? String(given) : given
  if (typeof token === 'string') return token === '' ? [] : [{ token }]
  if (given !== undefined && given !== null && given !== false) {
    warnOnce(
      'external key',
      `"externalKey.get" returned a value of type ${typeof given}, and no session is looked for. It returns the id as a text; ` +
        'or undefined where the client presents none.',
    )
  }
  return []
}
