import { inspect } from 'node:util'
import type { Context } from 'koa'

/** Koa's own listener takes nothing but errors, and no listener can take the place of the request's error. */
export function emitError(ctx: Context, error: unknown): void {
  try {
    ctx.app.emit('error', error instanceof Error ? error : new Error('the commit failed', { cause: error }), ctx)
  } catch (listenerError) {
    process.emitWarning(inspect(listenerError))
  }
}
