import type Koa from 'koa'
import type { Context } from 'koa'
import session from 'koa-session-service'
import { optionsOf, withAsyncHooks } from './options'
import type { How, Step } from './plan'
import type { World } from './world'

export type Method = 'save' | 'regenerate' | 'manuallyCommit'

/** One of the two libraries; koa-session's does what evens numbered differences out. */
export interface Side {
  /** Installs what is to be around everything else. */
  surround(app: Koa, world: World): void
  /** Installs the session middleware. */
  install(app: Koa, world: World): void
  call(ctx: Context, method: Method, how: How, world: World): Promise<void>
  /** Assigns data after `ctx.session = null`, with a store. */
  replace(ctx: Context, data: object, world: World): Promise<void>
  /** Done when the session was read. */
  seen(ctx: Context, world: World): void
  /** Done when the session was assigned to. */
  assigned(ctx: Context, world: World): void
  /** Done when the session middleware is through. */
  left(ctx: Context, world: World): void
}

/** This library. */
export const here: Side = {
  surround() {},
  install(app, world) {
    const options = optionsOf(world, { omitsDefault: true })
    const isAsyncNow = () => world.plan.isAsync && isPatient(world.step) && world.evened.has('D3')
    app.use(session(withAsyncHooks(options, isAsyncNow), app))
  },
  async call(ctx, method, how) {
    await callMethod(ctx, method, how)
  },
  async replace(ctx, data) {
    ctx.session = data
  },
  seen() {},
  assigned() {},
  left() {},
}

/** Calls a method of the session; fails as it does, or answers undefined where it failed and that was caught. */
export async function callMethod({ session }: Context, method: Method, how: How): Promise<unknown> {
  if (how === 'callback') {
    return new Promise((resolve, reject) =>
      session[method]((error) => (error instanceof Error ? reject(error) : resolve('called back'))),
    )
  }
  const done = session[method]().then(() => 'done')
  if (how === 'await') return done
  const settled = done.catch(() => undefined)
  return how === 'catch' ? settled : 'left'
}

/** D3: whether nothing in a request asks for what only a hook that answers at once can give. */
function isPatient({ early, actions }: Step): boolean {
  return !early && !actions.some((action) => 'how' in action && action.how === 'leave')
}
