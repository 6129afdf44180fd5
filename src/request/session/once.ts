import { Draft } from '../commit/draft'
import { refuseInHook } from '../scope/hooks'
import { onceInChange, sessionOf, type OnceCall, type OnceCaller } from './once-call'
import { OnceHere } from './once-here'
import { OnceInStore } from './once-in-store'

/** Lets one of all requests that ask for it do the work, and has what it made in the session of this one. */
export async function once(caller: OnceCaller, call: OnceCall): Promise<void> {
  const { state, persistence, scope } = caller
  refuseInHook(scope)
  if (Draft.around(sessionOf(caller))) throw onceInChange()
  await state.read()
  if (state.unread) throw state.unread
  const isInStore = persistence.stored?.id !== undefined
  await (isInStore ? new OnceInStore(caller, call) : new OnceHere(caller, call)).run()
}
