import { SessionError } from '../../base/errors'
import { SessionModel } from '../../session/session-model'
import { Draft } from '../commit/draft'
import { isInHook } from '../scope/hooks'
import type { RequestScope } from '../scope/request-scope'
import type { Persistence } from './persistence'
import type { SessionState } from './session-state'
import { assignable, notLoaded } from './state'

/** A request's session, as far as something is put in its place. */
interface Assigned {
  readonly scope: RequestScope
  readonly persistence: Persistence
  readonly state: SessionState
}

/** What `ctx.session = value` does. */
export function assign({ scope, persistence, state }: Assigned, value: unknown): void {
  const data = assignable(value)
  const { hasStore, isLazyStore, options } = scope.config
  // As in koa-session, a cookie that nobody has read is not looked at; but whose session is replaced has to be known.
  if (data && state.current.name === 'closed' && !hasStore && options.owner) void state.read()
  if (state.current.name === 'loading') throw notLoaded()
  scope.noteRead()
  if (data === null) {
    state.endBy('logout')
    return
  }
  // What a hook replaces is written right after: it stays the same session.
  if (state.current.name === 'open' && isInHook(scope)) {
    SessionModel.patch(state.sessionOf(state.current), data, scope.backend.serializer)
    return
  }
  if (state.current.name === 'closed' && isLazyStore) throw notLoaded()
  if (state.current.name === 'open' && Draft.around(state.current.session)) throw assignedInChange()
  if (state.current.name === 'ended') persistence.replaceEnded()
  persistence.mustWrite(false)
  state.replace(data)
}

/** The change would be made again for ever, as what it is made of is gone. */
function assignedInChange(): SessionError {
  return new SessionError(
    'ERR_SESSION_NESTED',
    'ctx.session was assigned inside the function of sessions.update() or once(), which changes a copy of the session that this ' +
      'takes away. Change the copy that the function is given.',
  )
}
