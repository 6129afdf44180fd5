import type { Class, SessionOptions, Store } from 'koa-session-service'

/** One call of a store's method; `proceed` makes it. */
export interface StoreCall {
  method: string
  args: unknown[]
  proceed: () => unknown
}

/** Decides what becomes of a call. */
export type Intercept = (call: StoreCall) => unknown

/** The same options, and `handle` is asked at every call of their store. */
export function interceptStore(options: SessionOptions, handle: Intercept): SessionOptions {
  const { store, ContextStore } = options
  if (store) return { ...options, store: intercepted(store as Store, handle) }
  return { ...options, ContextStore: interceptedClass(ContextStore as Class<Store>, handle) }
}

/** The same store without some of its methods. */
export function without<T extends object>(store: T, ...names: string[]): T {
  return new Proxy(store, {
    get: (target, name) => (names.includes(String(name)) ? undefined : bound(target, name)),
  })
}

export function intercepted<T extends object>(target: T, handle: Intercept): T {
  return new Proxy(target, {
    get(_target, name) {
      const member = bound(target, name)
      if (typeof member !== 'function') return member
      const proceed = member as (...args: unknown[]) => unknown
      return (...args: unknown[]) => handle({ method: String(name), args, proceed: () => proceed(...args) })
    },
  })
}

function interceptedClass(type: Class<Store>, handle: Intercept): Class<Store> {
  return new Proxy(type, { construct: (target, args) => intercepted(new target(...args), handle) })
}

function bound(target: object, name: string | symbol): unknown {
  const member: unknown = Reflect.get(target, name)
  return typeof member === 'function' ? (member as (...args: unknown[]) => unknown).bind(target) : member
}
