import { requestAround } from '../request/scope/current-request'
import { checkFresh, checkRequired, valueOf, type Needs } from './needs'
import { installedService } from './session-access'

type Method = (...args: unknown[]) => unknown

/** The method, called only where the session of the request around it is as it needs it. */
export function guard(method: Method, needs: Needs): Method {
  const guarded = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    await pass(needs)
    return method.apply(this, args)
  }
  // Frameworks tell methods by their names, and their parameters by how many there are.
  for (const name of ['name', 'length'] as const) {
    Object.defineProperty(guarded, name, { value: method[name], configurable: true })
  }
  return guarded
}

async function pass(needs: Needs): Promise<void> {
  const ctx = requestAround()
  const value = valueOf(await installedService(needs.from, ctx).load(ctx), needs)
  if (needs.required) checkRequired(await needs.required(value))
  checkFresh(needs, ctx)
}
