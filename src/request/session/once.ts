import { isPromise } from '../../base/awaitable'
import { Draft } from '../commit/draft'
import { refuseInHook } from '../scope/hooks'
import { onceInChange, type OnceCall, type OnceCaller } from './once-call'
import { OnceHere } from './once-here'
import { OnceInStore } from './once-in-store'

/**
 * Lets one of all requests that ask for it do the work, and has what it made in the session of this one. Returns whether that is the
 * session that the work was asked for: the request may have given it up meanwhile.
 */
export async function once(request: Omit<OnceCaller, 'isSame'>, call: OnceCall): Promise<boolean> {
  const { state, persistence, scope } = request
  refuseInHook(scope)
  if (state.current.name === 'open' && Draft.around(state.current.session)) throw onceInChange()
  const reading = state.read()
  if (isPromise(reading)) await reading
  if (state.unread) throw state.unread
  const caller = { ...request, isSame: state.sameness() }
  const isInStore = persistence.stored?.id !== undefined
  return (isInStore ? new OnceInStore(caller, call) : new OnceHere(caller, call)).run()
}
