import type { Store } from '../../contracts/store'
import { isRecord } from '../../session/record'
import { checkMethods } from '../checks'

/** What of a Keyv instance is used. */
export interface KeyvLike {
  get(key: string): Promise<unknown>
  set(key: string, value: unknown, ttl?: number): Promise<unknown>
  delete(key: string): Promise<unknown>
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a Keyv's own type of what it emits varies by version
  on?(event: 'error', listener: (error: any) => void): unknown
}

/**
 * Keeps sessions in a Keyv, and with it in whatever Keyv has an adapter for. It gives what a store of three methods can
 * give: neither conditional writes nor touch.
 *
 * A server that is down is an error, although a Keyv says so only by its event "error": a call fails where there is one
 * while it lasts.
 *
 * @example
 * import Keyv from 'keyv'
 * app.use(session({ store: fromKeyv(new Keyv()) }, app))
 */
export function fromKeyv(keyv: KeyvLike): Store {
  checkMethods(keyv, ['get', 'set', 'delete'], 'fromKeyv() takes a Keyv, with the methods get, set and delete')
  const strict = throwing(keyv)
  const told: { count: number; last?: unknown } = { count: 0 }
  keyv.on?.('error', (error: unknown) => {
    told.count++
    told.last = error
  })
  const call = async <T>(work: () => Promise<T>): Promise<T> => {
    const before = told.count
    const answer = await work()
    if (told.count === before) return answer
    throw told.last instanceof Error ? told.last : new Error('the Keyv failed', { cause: told.last })
  }
  return {
    async get(key) {
      const record = await call(() => strict.get(key))
      return isRecord(record) ? record : undefined
    },
    async set(key, record, maxAge) {
      const isKept = await call(() => strict.set(key, record, Math.ceil(maxAge)))
      if (isKept === false) throw new Error('the Keyv did not keep the record')
    },
    async destroy(key) {
      await call(() => strict.delete(key))
    },
  }
}

/** The same Keyv, but for what it does with errors: one of version 5 swallows those of a read unless it is told not to. */
function throwing(keyv: KeyvLike): KeyvLike {
  if (!('throwOnErrors' in keyv)) return keyv
  const told = { value: true, writable: true }
  return Object.create(keyv, { _throwOnErrors: told, throwOnErrors: told }) as KeyvLike
}
