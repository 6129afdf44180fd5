import type { Context } from 'koa'

/**
 * What one part of this library keeps with a context, under a symbol: a WeakMap costs the garbage collector more than the
 * whole request.
 */
export class ContextSlot<T> {
  readonly #key: symbol

  constructor(name: string) {
    this.#key = Symbol(name)
  }

  /** Undefined also for what is no context. */
  of(ctx: Context): T | undefined {
    return (ctx as unknown as Record<symbol, T | undefined> | undefined | null)?.[this.#key]
  }

  set(ctx: Context, value: T): T {
    return ((ctx as unknown as Record<symbol, T>)[this.#key] = value)
  }
}
