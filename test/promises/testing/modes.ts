import { hardened, MemoryStore, sealed, type SessionOptions } from 'koa-session-service'
import { BACKENDS, SEALING_KEYS } from '../../support/backends/backends'

export interface Data {
  userId?: string
  items?: string[]
  text?: string
}

export interface ModeCase {
  name: string
  options: () => SessionOptions<Data>
  /** Whether the session's cookie goes over HTTPS alone. */
  isSecure?: boolean
}

const owner = ({ userId }: Data): string | undefined => userId

/** Every way that a session rests and travels. */
export const MODES: ModeCase[] = [
  ...BACKENDS.map(({ name, options }) => ({ name, options: options as unknown as ModeCase['options'] })),
  { name: 'sealed in chunks', options: () => ({ codec: sealed({ keys: SEALING_KEYS }), chunks: 3 }) },
  { name: 'owner', options: () => ({ owner, store: new MemoryStore() }) },
  { name: 'hashed ids', options: () => ({ hashTokens: true, store: new MemoryStore() }) },
  { name: 'lazy', options: () => ({ lazy: true, store: new MemoryStore() }) },
  { name: 'without autoCommit', options: () => ({ autoCommit: false, store: new MemoryStore() }) },
  { name: 'another property and key', options: () => ({ key: 'sid', property: 'visit', store: new MemoryStore() }) },
  { name: 'secure', options: () => ({ secure: true }), isSecure: true },
  { name: 'secure by its name', options: () => ({ key: '__Host-sid', secure: true, path: '/' }), isSecure: true },
  { name: 'sameSite none', options: () => ({ sameSite: 'none', secure: true }), isSecure: true },
  { name: 'secure by a function', options: () => ({ secure: () => true }), isSecure: true },
  { name: 'hardened, in a store', options: () => hardened({ owner, store: new MemoryStore() }), isSecure: true },
  { name: 'hardened, in cookies', options: () => hardened({ keys: SEALING_KEYS, chunks: 2 }), isSecure: true },
]
