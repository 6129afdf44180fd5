import type { Context, Middleware } from 'koa'
import koaSession from 'koa-session'
import { optionsOf } from './options'
import { callMethod, type Side } from './sides'
import type { World } from './world'

/** What koa-session's session has beside this library's. */
interface KoaSession {
  _expire?: number
}

/** koa-session 7, and by their numbers the differences that are evened out. */
export const koaSessionSide: Side = {
  surround(app, world) {
    if (world.evened.has('D5')) app.use(keepCookiesOnErrors(world))
  },
  install(app, world) {
    const { evened, store } = world
    if (evened.has('D11')) app.on('session:expired', ({ key }: { key?: string }) => store.forget(key))
    app.use(koaSession(optionsOf(world, { omitsDefault: !evened.has('D9') }), app) as Middleware)
    app.use(around(world))
  },
  async call(ctx, method, how, world) {
    if (method === 'manuallyCommit') await saveAgain(ctx, world)
    // R2: koa-session ignores the callback.
    if (method === 'manuallyCommit') how = 'await'
    if (how === 'leave' && ctx.session.maxAge === 'session' && world.evened.has('R20')) how = 'catch'
    try {
      const result = await callMethod(ctx, method, how)
      if (result !== undefined) world.saved = JSON.stringify(ctx.session)
    } finally {
      this.left(ctx, world)
    }
  },
  /** D2: it is `regenerate()` that destroys the record and takes a new id. */
  async replace(ctx, data, world) {
    ctx.session = data
    if (!world.evened.has('D2') || world.plan.options.autoCommit === false) return
    const lines = linesOf(ctx)
    await this.call(ctx, 'regenerate', 'await', world)
    if (world.plan.hooks.includes('externalKey')) ctx.res.setHeader('set-cookie', lines)
  },
  /** R23: koa-session does not renew after an assignment, since it forgets when the record expires. */
  seen({ session }, world) {
    world.expire ??= (session as KoaSession | null)?._expire
  },
  assigned({ session }, { evened, expire }) {
    if (evened.has('R23')) (session as KoaSession)._expire = expire
  },
  /** R20: koa-session forgets the lifetime `'session'` when it saves. */
  left({ sessionOptions }, { evened }) {
    const options = sessionOptions as { maxAge?: unknown }
    if (evened.has('R20')) options.maxAge ??= 'session'
  },
}

/** D5: Koa's `onerror` puts the headers back that the error names. */
function keepCookiesOnErrors(world: World): Middleware {
  const isOwn = (line: string): boolean => line.startsWith(`${world.key}=`) || line.startsWith(`${world.key}.sig=`)
  return async (ctx, next) => {
    try {
      await next()
    } catch (cause) {
      const error = cause as Error & { headers?: unknown }
      if (world.hasFailed || error.headers) error.headers = { 'set-cookie': linesOf(ctx).filter(isOwn) }
      throw error
    }
  }
}

/** D3 and D19: a cookie is read where `valid` is to be asked, and where it is to be renewed. */
function around(world: World): Middleware {
  const { plan, hasStore, evened } = world
  const { rolling = false, autoCommit = true } = plan.options
  const isReadFirst = hasStore || (plan.hooks.includes('valid') && evened.has('D3'))
  const isReadLast = !hasStore && rolling && autoCommit && evened.has('D19')
  return async (ctx, next) => {
    if (isReadFirst) koaSessionSide.seen(ctx, world)
    let failure: { error: unknown } | undefined
    try {
      await next()
    } catch (error) {
      world.hasFailed = true
      failure = { error }
    }
    try {
      if (isReadLast) void ctx.session
      if (autoCommit) await saveAgain(ctx, world)
    } catch (error) {
      failure ??= { error }
    }
    if (failure) throw failure.error
  }
}

/** R18: koa-session measures changes against what it read, and misses one that takes back what it has saved. */
async function saveAgain(ctx: Context, world: World): Promise<void> {
  if (world.saved === undefined || !world.evened.has('R18')) return
  if (ctx.session && JSON.stringify(ctx.session) !== world.saved) await koaSessionSide.call(ctx, 'save', 'await', world)
}

function linesOf(ctx: Context): string[] {
  return [ctx.res.getHeader('set-cookie') ?? []].flat().map(String)
}
