import { inspect } from 'node:util'
import type { Context } from 'koa'
import { isPromise } from '../base/awaitable'
import { warnOnce } from '../base/warning'
import { keepCookiesOnError } from '../cookies/keep-cookies-on-error'
import type { SessionConfig } from '../options/config'
import type { RequestSession } from './session/request-session'

/** Serves one request: opens its session, runs the handlers, commits. */
export async function serve(
  ctx: Context,
  session: RequestSession,
  config: SessionConfig,
  handle: () => Promise<unknown>,
): Promise<void> {
  const { options, binding } = config
  if (binding?.handles(ctx)) return binding.serve(ctx, session)
  const starting = session.start()
  if (isPromise(starting)) await starting
  try {
    await handle()
  } catch (error) {
    await commitAfterFailure(ctx, session, config, error)
    throw error
  }
  const finishing = options.autoCommit && session.mayNeedCommit ? session.finish() : undefined
  if (isPromise(finishing)) await finishing
  if (config.warnsOfLateChanges) warnOfLateChanges(ctx, session)
}

/** Commits after the handlers have failed with `failure`, which stays the request's error whatever happens here. */
async function commitAfterFailure(
  ctx: Context,
  session: RequestSession,
  { options }: SessionConfig,
  failure: unknown,
): Promise<void> {
  const { autoCommit, commitOnError } = options
  try {
    const isWanted = typeof commitOnError === 'function' ? commitOnError(failure, ctx) : commitOnError
    if (autoCommit && isWanted && session.mayNeedCommit) await session.finish()
  } catch (error) {
    // A write that failed by name is not made again: its error is on its way already.
    if (error !== failure) {
      session.reportError(error)
      emitError(ctx, error)
    }
  }
  keepCookiesOnError(ctx, options.key)
}

/** Koa's own listener takes nothing but errors, and no listener can take the place of the request's error. */
function emitError(ctx: Context, error: unknown): void {
  try {
    ctx.app.emit('error', error instanceof Error ? error : new Error('the commit failed', { cause: error }), ctx)
  } catch (listenerError) {
    process.emitWarning(inspect(listenerError))
  }
}

function warnOfLateChanges(ctx: Context, session: RequestSession): void {
  ctx.res.once('close', () => {
    void session.settled().then(() => {
      if (isUnsaved(session)) {
        warnOnce(
          'late',
          'ctx.session was changed after it was committed, and the change is lost. Call "await session.save()".',
        )
      }
    })
  })
}

/** What cannot be serialized was put in late: it would not have been saved either. */
function isUnsaved(session: RequestSession): boolean {
  try {
    return session.hasUnsavedChanges
  } catch {
    return true
  }
}
