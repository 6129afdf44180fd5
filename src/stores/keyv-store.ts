import type { Store } from '../contracts/store'
import { isRecord } from '../record'

/** What of a Keyv instance is used. */
export interface KeyvLike {
  get(key: string): Promise<unknown>
  set(key: string, value: unknown, ttl?: number): Promise<unknown>
  delete(key: string): Promise<unknown>
}

/**
 * Keeps sessions in a Keyv, and with it in whatever Keyv has an adapter for. It gives what a store of three methods can
 * give: neither conditional writes nor touch.
 *
 * @example
 * import Keyv from 'keyv'
 * app.use(session({ store: fromKeyv(new Keyv()) }, app))
 */
export function fromKeyv(keyv: KeyvLike): Store {
  return {
    async get(key) {
      const record = await keyv.get(key)
      return isRecord(record) ? record : undefined
    },
    async set(key, record, maxAge) {
      await keyv.set(key, record, Math.ceil(maxAge))
    },
    async destroy(key) {
      await keyv.delete(key)
    },
  }
}
