import {
  type Class,
  ContextStore,
  MemoryStore,
  type SessionOptions,
  type SessionRecord,
  type Store,
} from 'koa-session-service'

/** A koa-session store as people write it: three methods, nothing else. */
export class PlainStore implements Store {
  readonly records = new Map<string, string>()

  async get(key: string): Promise<SessionRecord | undefined> {
    const text = this.records.get(key)
    return text === undefined ? undefined : (JSON.parse(text) as SessionRecord)
  }

  async set(key: string, record: SessionRecord): Promise<void> {
    this.records.set(key, JSON.stringify(record))
  }

  async destroy(key: string): Promise<void> {
    this.records.delete(key)
  }
}

/** The same store behind a class of which one is built per request. */
export function contextStoreOver(store: Store): Class<ContextStore> {
  return class extends ContextStore {
    get(...call: Parameters<Store['get']>) {
      return store.get(...call)
    }
    set(...call: Parameters<Store['set']>) {
      return store.set(...call)
    }
    destroy(...call: Parameters<Store['destroy']>) {
      return store.destroy(...call)
    }
  }
}

export interface BackendCase {
  name: string
  /** Whether records rest in a store, under an id. */
  hasIds: boolean
  /** Whether the store writes on a condition. */
  isConditional: boolean
  /** Options for a session on a fresh backend of this kind. */
  options: () => SessionOptions
}

/** Every backend that needs no server. */
export const BACKENDS: BackendCase[] = [
  { name: 'signed cookie', hasIds: false, isConditional: false, options: () => ({}) },
  { name: 'MemoryStore', hasIds: true, isConditional: true, options: () => ({ store: new MemoryStore() }) },
  { name: 'plain store', hasIds: true, isConditional: false, options: () => ({ store: new PlainStore() }) },
  {
    name: 'ContextStore',
    hasIds: true,
    isConditional: false,
    options: () => ({ ContextStore: contextStoreOver(new PlainStore()) }),
  },
]

/** Those of them that hold records under an id. */
export const STORES = BACKENDS.filter(({ hasIds }) => hasIds)
