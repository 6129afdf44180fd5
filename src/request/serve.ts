import type { Context } from 'koa'
import { atOnce, isPromise } from '../base/awaitable'
import { SessionError } from '../base/errors'
import { warnOnce } from '../base/warning'
import { keepCookies, releaseCookies } from '../cookies/keep-cookies'
import type { SessionConfig } from '../config/config'
import { isUnsaved, warnOfEarlyChange } from './early-change'
import { warnIfReplaced } from './replaced-session'
import { hasResponse } from './scope/response-state'
import type { RequestSession } from './session/request-session'

/** Serves one request: opens its session, runs the handlers, commits. */
export async function serve(
  ctx: Context,
  session: RequestSession,
  config: SessionConfig,
  handle: () => Promise<unknown>,
): Promise<void> {
  const { options, binding } = config
  // A device registers its key, or renews its cookie: no handler of the application runs.
  if (binding?.handles(ctx)) return binding.serve(ctx, session)
  // The same middleware twice: the outer one has read the session, and will write it.
  if (session.scope.stage.isHandling) return void (await handle())
  if (config.warnsOfLostChanges && session.scope.stage.isBefore) warnOfEarlyChange(session, config)
  // Called a second time after it was done, it goes on with the session that it has, of which the browser has no cookie yet.
  const starting = session.scope.stage.isBefore ? session.start() : undefined
  if (isPromise(starting)) await starting
  session.scope.stage.begin()
  let isHandled = false
  try {
    await handle()
    isHandled = true
    const settling = session.settle()
    if (isPromise(settling)) await settling
    session.scope.stage.commit()
    const finishing = options.autoCommit && session.mayNeedCommit ? session.finish() : undefined
    if (isPromise(finishing)) await finishing
    const settlingRest = session.settle()
    if (isPromise(settlingRest)) await settlingRest
  } catch (error) {
    if (!isHandled) {
      session.scope.stage.commit()
      await commitAfterFailure(ctx, session, config, error)
    }
    // What is none of ours is noted where it has kept the session from being written.
    if (error instanceof SessionError) session.scope.noteFailure(error)
    if (!isHandled) throw error
    // No error page can take the place of a response that has begun, and it has to end.
    if (!hasResponse(ctx) || !ctx.headerSent) throw error
    session.reportError(error)
  } finally {
    const closing = session.close()
    if (isPromise(closing)) await closing
  }
  releaseCookies(ctx, options.key)
  if (!config.warnsOfLostChanges) return
  warnIfReplaced(ctx, options.property)
  warnOfLateChanges(ctx, session)
}

/** Commits after the handlers have failed with `failure`, which stays the request's error whatever happens here. */
async function commitAfterFailure(
  ctx: Context,
  session: RequestSession,
  { options }: SessionConfig,
  failure: unknown,
): Promise<void> {
  const { autoCommit, commitOnError, key } = options
  try {
    await session.settle()
    const isWanted =
      typeof commitOnError === 'function' ? atOnce(commitOnError(failure, ctx), decidedLater) : commitOnError
    if (!isWanted) session.scope.noteTrouble({ isDropped: true })
    if (autoCommit && isWanted && session.mayNeedCommit) await session.finish()
    await session.settle()
  } catch (error) {
    // A write that failed by name is not made again: its error is on its way already.
    if (error !== failure) {
      session.scope.noteFailure(error)
      session.reportError(error)
    }
  }
  // Koa removes every header for the page of the error.
  if (hasResponse(ctx)) keepCookies(ctx, key)
}

function decidedLater(): SessionError {
  return new SessionError(
    'ERR_SESSION_BAD_VALUE',
    'The option "commitOnError" returned a promise, and the session was not committed. It returns true or false at once.',
  )
}

function warnOfLateChanges(ctx: Context, session: RequestSession): void {
  if (!hasResponse(ctx)) return
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
