import type { Store } from 'koa-session-service'

export interface StoreCall {
  method: string
  args: unknown[]
}

/** A store that does what `store` does, and writes down every call. */
export interface RecordingStore {
  store: Store
  calls: StoreCall[]
  /** The names of the methods that were called so far; forgets them. */
  methods: () => string[]
  /** What `method` was called with, each time. */
  argsOf: (method: string) => unknown[][]
}

export function recordCalls(target: Store): RecordingStore {
  const calls: StoreCall[] = []
  const store = new Proxy(target, {
    get(_, name: string) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        calls.push({ method: name, args })
        return Reflect.apply(value, target, args)
      }
    },
  })
  return {
    store,
    calls,
    methods: () => calls.splice(0).map(({ method }) => method),
    argsOf: (name) => calls.filter(({ method }) => method === name).map(({ args }) => args),
  }
}
