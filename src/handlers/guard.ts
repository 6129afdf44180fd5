import { requestAround } from '../request/scope/current-request'
import { requireLoaded } from './require-session'
import type { Requirements } from './requirements'

type Method = (...args: unknown[]) => unknown

/** The method, called only where the session of the request around it is as it has to be. */
export function guard(method: Method, requirements: Requirements): Method {
  const guarded = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    await requireLoaded(requirements, requestAround())
    return method.apply(this, args)
  }
  // Frameworks tell methods by their names, and their parameters by how many there are.
  for (const name of ['name', 'length'] as const) {
    Object.defineProperty(guarded, name, { value: method[name], configurable: true })
  }
  return guarded
}
