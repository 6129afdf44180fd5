import type { Context } from 'koa'
import type { SessionConfig } from './config'
import { keepCookies } from './keep-cookies'
import type { LifeCycle } from './life-cycle'

/** Serves one request: opens its session, runs the handlers, commits. */
export async function serve(
  ctx: Context,
  lifeCycle: LifeCycle,
  { options, hasStore }: SessionConfig,
  handle: () => Promise<unknown>,
): Promise<void> {
  lifeCycle.isGuarded = true
  if (!options.lazy && (hasStore || options.valid)) await lifeCycle.start()
  try {
    await handle()
  } catch (error) {
    await settle(error)
    throw error
  }
  if (options.autoCommit && lifeCycle.isUsed) await lifeCycle.commit('commit')

  /** Commits after the handlers have failed with `error`, which stays the request's error whatever happens here. */
  async function settle(error: unknown): Promise<void> {
    const { autoCommit, commitOnError, key } = options
    try {
      const isWanted = typeof commitOnError === 'function' ? commitOnError(error, ctx) : commitOnError
      if (autoCommit && isWanted && lifeCycle.isUsed) await lifeCycle.commit('commit')
    } catch (commitError) {
      lifeCycle.reportError(commitError)
      ctx.app.emit('error', commitError, ctx)
    }
    keepCookies(ctx, key)
  }
}
