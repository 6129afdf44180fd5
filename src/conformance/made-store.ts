import type { Awaitable } from '../base/awaitable'
import type { Store } from '../contracts/store'

/** A store to be tested, and how to get rid of it. */
export interface StoreFixture {
  store: Store
  stop?: () => Awaitable<unknown>
}

/** What a test's `make` may return: the store itself, or a store that has to be stopped. */
export type MadeStore = Store | StoreFixture

/** @throws {TypeError} where there is no store */
export function fixtureOf(made: unknown): StoreFixture {
  if (isStore(made)) return { store: made }
  if (isStore((made as Partial<StoreFixture> | undefined)?.store)) return made as StoreFixture
  throw new TypeError(
    'describeSessionStore(name, make) takes a function "make" that returns a store, which has the methods get, set and ' +
      `destroy, or { store, stop }. It returned ${made === null ? 'null' : `a value of type ${typeof made}`} without them.`,
  )
}

function isStore(value: unknown): value is Store {
  const methods = value as Partial<Store> | null | undefined
  return [methods?.get, methods?.set, methods?.destroy].every((method) => typeof method === 'function')
}
