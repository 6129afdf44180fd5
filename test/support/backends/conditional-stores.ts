import { MemoryStore, type Store } from 'koa-session-service'

/** What `store` does, each method later and without those that are left out. */
function later(store: Store, ...without: string[]): Store {
  return new Proxy(store, {
    get(_, name: string) {
      const value: unknown = without.includes(name) ? undefined : Reflect.get(store, name, store)
      if (typeof value !== 'function') return value
      return async (...args: unknown[]): Promise<unknown> => {
        await Promise.resolve()
        return Reflect.apply(value, store, args)
      }
    },
  })
}

/** Stores that write on a condition; `records` is what they keep it in. */
export const CONDITIONAL_STORES = [
  { name: 'MemoryStore', wrap: (records: MemoryStore): Store => records },
  { name: 'a store that answers later', wrap: (records: MemoryStore) => later(records) },
  { name: 'a store without touch', wrap: (records: MemoryStore) => later(records, 'touch') },
]
