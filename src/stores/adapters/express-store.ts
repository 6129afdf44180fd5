import { types } from 'node:util'
import type { Store } from '../../contracts/store'
import { isRecord, type SessionRecord } from '../../session/record'
import { checkMethods } from '../checks'

type Callback<T> = (error?: unknown, value?: T) => void

/** What of an express-session store is used. */
export interface ExpressStore {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each store has a type of its own for what it holds
  get(id: string, callback: (error: any, session?: any) => void): void
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  set(id: string, session: any, callback?: (error?: any) => void): void
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  destroy(id: string, callback?: (error?: any) => void): void
}

/**
 * Opens a store that was written for express-session. It gives what a store of three methods can give: neither
 * conditional writes nor touch.
 *
 * @example
 * import { RedisStore } from 'connect-redis'
 * app.use(session({ store: fromExpressStore(new RedisStore({ client })) }, app))
 */
export function fromExpressStore(store: ExpressStore): Store {
  checkMethods(
    store,
    ['get', 'set', 'destroy'],
    'fromExpressStore() takes a store with the methods get, set and destroy',
  )
  return {
    async get(key) {
      const found = await settle<{ record?: unknown }>((done) => store.get(key, done)).catch(nothingIfUnreadable)
      return isRecord(found) && isRecord(found.record) ? found.record : undefined
    },
    async set(key, record, maxAge) {
      await settle((done) => store.set(key, wrap(record, maxAge), done))
    },
    async destroy(key) {
      await settle((done) => store.destroy(key, done)).catch(nothingIfMissing)
    },
  }
}

/** Such a store takes its TTL from the session's cookie; the record stands beside it, so that no key of the data collides. */
function wrap(record: SessionRecord, maxAge: number): object {
  const cookie = { originalMaxAge: maxAge, maxAge, expires: new Date(Date.now() + maxAge), httpOnly: true, path: '/' }
  return { cookie, record }
}

/** Stores on files answer a missing session with the file system's error. */
function nothingIfMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}

/** Those that parse what they hold answer a text that is none of theirs with the parser's error. */
function nothingIfUnreadable(error: unknown): undefined {
  if ((error as Error).name !== 'SyntaxError') nothingIfMissing(error)
}

function settle<T>(call: (done: Callback<T>) => void): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error) reject(types.isNativeError(error) ? error : new Error('the store failed', { cause: error }))
      else resolve(value)
    })
  })
}
