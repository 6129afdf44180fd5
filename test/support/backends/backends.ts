import {
  type Class,
  ContextStore,
  MemoryStore,
  sealed,
  type SessionOptions,
  type SessionRecord,
  type Store,
} from 'koa-session-service'
import { without } from '../spies/intercept'

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

/** Secrets that are long enough to seal with, the newest first. */
export const SEALING_KEYS = [
  'a new secret of more than thirty-two bytes',
  'an old secret of more than thirty-two bytes',
]

/** In what backends differ, as far as promises do. */
interface Traits {
  /** Records rest in a store, under an id, and not in the cookie. */
  hasIds: boolean
  /** The store writes on a condition. */
  isConditional: boolean
  /** The store renews a record without writing its data. */
  touches: boolean
  /** The cookie is encrypted, and not signed. */
  isSealed: boolean
}

interface Backend extends Traits {
  name: string
  /** The names of the cookies that a response sets for a session of this key. */
  cookies: (key?: string) => string[]
  /** Options for a session on a fresh backend of this kind. */
  options: () => SessionOptions
}

const SIGNED = (key = 'koa.sess') => [key, `${key}.sig`]
const COOKIE = { hasIds: false, isConditional: false, touches: false, isSealed: false, cookies: SIGNED }
const STORE = { ...COOKIE, hasIds: true }

/** Every backend that needs no server. */
export const BACKENDS: Backend[] = [
  { ...COOKIE, name: 'signed cookie', options: () => ({}) },
  {
    ...COOKIE,
    name: 'sealed cookie',
    isSealed: true,
    cookies: (key = 'koa.sess') => [key],
    options: () => ({ codec: sealed({ keys: SEALING_KEYS }) }),
  },
  {
    ...STORE,
    name: 'MemoryStore',
    isConditional: true,
    touches: true,
    options: () => ({ store: new MemoryStore() }),
  },
  {
    ...STORE,
    name: 'conditional store without touch',
    isConditional: true,
    options: () => ({ store: without(new MemoryStore(), 'touch') }),
  },
  { ...STORE, name: 'plain store', options: () => ({ store: new PlainStore() }) },
  { ...STORE, name: 'ContextStore', options: () => ({ ContextStore: contextStoreOver(new PlainStore()) }) },
]

/** Those of them that have these traits. */
export function backendsWith(traits: Partial<Traits>): Backend[] {
  const wanted = Object.entries(traits) as [keyof Traits, boolean][]
  return BACKENDS.filter((backend) => wanted.every(([trait, value]) => backend[trait] === value))
}
