import type { Context } from 'koa'
import { warnOnce } from '../base/warning'
import type { SessionConfig } from '../config/config'
import { hasResponse } from './scope/response-state'
import type { RequestSession } from './session/request-session'

const watched = new WeakSet<RequestSession>()

/** A handler in front of the middleware has the session: where that never comes, what is changed is lost. */
export function watchEarlyChange(ctx: Context, session: RequestSession): void {
  if (!session.scope.stage.isBefore || watched.has(session) || !hasResponse(ctx)) return
  watched.add(session)
  ctx.res.once('close', () => {
    if (session.scope.stage.isBefore) warnIfChanged(session)
  })
}

/** The middleware has come, and reads the store now: what was changed before is lost. */
export function warnOfEarlyChange(session: RequestSession, { hasStore, isLazyStore }: SessionConfig): void {
  if (hasStore && !isLazyStore) warnIfChanged(session)
}

function warnIfChanged(session: RequestSession): void {
  if (!isUnsaved(session)) return
  warnOnce(
    'early',
    'ctx.session was changed in front of the session middleware, and the change is lost. Put "app.use(session(options, app))" ' +
      'before everything that uses ctx.session.',
  )
}

/** What cannot be serialized would not have been saved either. */
export function isUnsaved(session: RequestSession): boolean {
  try {
    return session.hasUnsavedChanges
  } catch {
    return true
  }
}
