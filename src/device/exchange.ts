import type { Context } from 'koa'
import { ContextSlot } from '../base/context-slot'
import type { BindableSession } from '../contracts/device-binding'
import type { BoundKey } from '../session/bound-key'
import type { PresentedBinding } from './bound-transport'

/** What the next write makes of the key that the session is bound to. */
export type Rebind = (before: BoundKey | undefined) => BoundKey

/** What is known in one request of the session's binding. One value: what changes is a new one in its place. */
export interface Exchange {
  /** The binding that the browser asks to refresh: then its proof is what opens the session. */
  readonly claim: string | undefined
  /** What the client presents; undefined before it was read. */
  readonly presented: PresentedBinding | undefined
  /** What was opened; then, what was written. */
  readonly session: BindableSession | undefined
  /** Until when what this response hands out is good: milliseconds since 1970. */
  readonly deadline: number | undefined
  /** The client holds the second cookie, as far as is known. */
  readonly holdsSecond: boolean
  /** Undefined where this request binds nothing. */
  readonly rebind: Rebind | undefined
}

const NOTHING: Exchange = Object.freeze({
  claim: undefined,
  presented: undefined,
  session: undefined,
  deadline: undefined,
  holdsSecond: false,
  rebind: undefined,
})

/** Keeps the exchange of each request. */
export class Exchanges {
  readonly #slot: ContextSlot<Exchange>

  constructor(key: string) {
    this.#slot = new ContextSlot(`device ${key}`)
  }

  of(ctx: Context): Exchange {
    return this.#slot.of(ctx) ?? NOTHING
  }

  /** Puts a new value in the place of what is known, and returns it. */
  note(ctx: Context, news: Partial<Exchange>): Exchange {
    return this.#slot.set(ctx, Object.freeze({ ...this.of(ctx), ...news }))
  }
}
