import type { Context } from 'koa'
import { readAnywhere, type SessionSource } from './read-anywhere'

/**
 * Gives every `ctx` of an app, or one alone, its session, and that session's options; both can be redefined, as tests do.
 *
 * @param target the prototype of an app's contexts, or a context
 */
export function defineContextProperties(target: object, name: string, source: SessionSource): void {
  Object.defineProperties(target, {
    [name]: {
      configurable: true,
      get(this: Context) {
        return readAnywhere(this, source)
      },
      set(this: Context, value: unknown) {
        source.sessionIn(this).session = value
      },
    },
    [`${name}Options`]: {
      configurable: true,
      get(this: Context) {
        return source.sessionIn(this).options
      },
    },
  })
}

/**
 * Gives one `ctx` the session of a mounted app for a while. Returns what gives it back what it had under these names; where
 * it had nothing, it keeps that session.
 */
export function lendContextProperties(ctx: Context, name: string, source: SessionSource): () => void {
  const names = [name, `${name}Options`]
  const wasFree = !(name in ctx)
  const before = names.map((each) => [each, Object.getOwnPropertyDescriptor(ctx, each)] as const)
  defineContextProperties(ctx, name, source)
  return () => {
    if (wasFree) return
    for (const [each, descriptor] of before) {
      if (descriptor) Object.defineProperty(ctx, each, descriptor)
      else Reflect.deleteProperty(ctx, each)
    }
  }
}
