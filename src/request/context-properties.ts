import type { Context } from 'koa'
import type { SessionModel } from '../session/session-model'
import { watchEarlyChange } from './early-change'
import { readAnywhere, type SessionSource } from './read-anywhere'

/** What has made `ctx.session` what it is, of whichever service. */
const GETTERS = new WeakSet<object>()

export function isOwnGetter(getter: object | undefined): boolean {
  return getter !== undefined && GETTERS.has(getter)
}

/**
 * Gives every `ctx` of an app, or one alone, its session, and that session's options; both can be redefined, as tests do.
 *
 * @param target the prototype of an app's contexts, or a context
 */
export function defineContextProperties(target: object, name: string, source: SessionSource): void {
  function get(this: Context): SessionModel | null {
    return readAnywhere(this, source)
  }
  function set(this: Context, value: unknown): void {
    if (source.warnsOfLostChanges) watchEarlyChange(this, source.sessionIn(this))
    source.sessionIn(this).session = value
  }
  GETTERS.add(get)
  Object.defineProperties(target, {
    [name]: { configurable: true, get, set },
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
