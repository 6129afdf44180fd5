import { inspect } from 'node:util'
import type { Context } from 'koa'
import onHeaders from 'on-headers'
import type { SessionConfig } from './config'
import { isPromise } from './contracts/awaitable'
import { keepCookies } from './keep-cookies'
import type { LifeCycle } from './life-cycle'
import { warnOnce } from './warning'

/** Serves one request: opens its session, runs the handlers, commits. */
export async function serve(
  ctx: Context,
  lifeCycle: LifeCycle,
  config: SessionConfig,
  handle: () => Promise<unknown>,
): Promise<void> {
  const { options, hasStore } = config
  lifeCycle.isGuarded = true
  if (!options.lazy && (hasStore || options.valid)) {
    const starting = lifeCycle.start()
    if (isPromise(starting)) await starting
  }
  try {
    await handle()
  } catch (error) {
    await commitAfterFailure(ctx, lifeCycle, config, error)
    throw error
  }
  const finishing = options.autoCommit && lifeCycle.isUsed ? lifeCycle.finish() : undefined
  if (isPromise(finishing)) await finishing
  if (options.preventCaching && lifeCycle.wasSeen) preventCaching(ctx)
  if (config.warnsOfLateChanges) warnOfLateChanges(ctx, lifeCycle)
}

function preventCaching(ctx: Context): void {
  if (ctx.headerSent) return
  ctx.set('Cache-Control', 'no-store')
  ctx.vary('Cookie')
}

/** Commits after the handlers have failed with `failure`, which stays the request's error whatever happens here. */
async function commitAfterFailure(
  ctx: Context,
  lifeCycle: LifeCycle,
  { options }: SessionConfig,
  failure: unknown,
): Promise<void> {
  const { autoCommit, commitOnError } = options
  try {
    const isWanted = typeof commitOnError === 'function' ? commitOnError(failure, ctx) : commitOnError
    if (autoCommit && isWanted && lifeCycle.isUsed) await lifeCycle.finish()
  } catch (error) {
    lifeCycle.reportError(error)
    emitError(ctx, error)
  }
  keepCookies(ctx, options.key)
  // Koa's error response begins without any header.
  if (options.preventCaching && lifeCycle.wasSeen) onHeaders(ctx.res, () => preventCaching(ctx))
}

/** Koa's own listener takes nothing but errors, and no listener can take the place of the request's error. */
function emitError(ctx: Context, error: unknown): void {
  try {
    ctx.app.emit('error', error instanceof Error ? error : new Error('the commit failed', { cause: error }), ctx)
  } catch (listenerError) {
    process.emitWarning(inspect(listenerError))
  }
}

function warnOfLateChanges(ctx: Context, lifeCycle: LifeCycle): void {
  ctx.res.once('close', () => {
    void lifeCycle.settled().then(() => {
      if (!lifeCycle.hasUnsavedChanges) return
      warnOnce(
        'late',
        'ctx.session was changed after it was committed, and the change is lost. Call "await session.save()".',
      )
    })
  })
}
