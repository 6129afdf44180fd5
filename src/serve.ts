import type { Context } from 'koa'
import type { SessionConfig } from './config'
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
  if (!options.lazy && (hasStore || options.valid)) await lifeCycle.start()
  try {
    await handle()
  } catch (error) {
    await commitAfterFailure(ctx, lifeCycle, config, error)
    throw error
  }
  if (options.autoCommit) await commit(ctx, lifeCycle, config)
}

async function commit(ctx: Context, lifeCycle: LifeCycle, { options }: SessionConfig): Promise<void> {
  if (lifeCycle.isUsed) await lifeCycle.commit('commit')
  if (!lifeCycle.wasAccessed) return
  if (options.preventCaching && !ctx.headerSent) {
    ctx.set('Cache-Control', 'no-store')
    ctx.vary('Cookie')
  }
  if (process.env.NODE_ENV !== 'production') warnOfLateChanges(ctx, lifeCycle)
}

/** Commits after the handlers have failed with `failure`, which stays the request's error whatever happens here. */
async function commitAfterFailure(
  ctx: Context,
  lifeCycle: LifeCycle,
  config: SessionConfig,
  failure: unknown,
): Promise<void> {
  const { autoCommit, commitOnError, key } = config.options
  try {
    const isWanted = typeof commitOnError === 'function' ? commitOnError(failure, ctx) : commitOnError
    if (autoCommit && isWanted) await commit(ctx, lifeCycle, config)
  } catch (error) {
    lifeCycle.reportError(error)
    ctx.app.emit('error', error, ctx)
  }
  keepCookies(ctx, key)
}

function warnOfLateChanges(ctx: Context, lifeCycle: LifeCycle): void {
  ctx.res.once('close', () => {
    if (!lifeCycle.hasUnsavedChanges) return
    warnOnce(
      'late',
      'ctx.session was changed after it was committed, and the change is lost. Call "await session.save()".',
    )
  })
}
