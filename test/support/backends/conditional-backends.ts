import { type ConditionalStore, MemoryStore, type TouchableStore } from 'koa-session-service'

/** A store that makes every promise a store can make. */
export type FullStore = ConditionalStore & TouchableStore

export interface ConditionalBackend {
  name: string
  open: () => Promise<OpenBackend>
}

export interface OpenBackend {
  store: FullStore
  close: () => Promise<void>
}

/** Stores that write on a condition. */
let backends: ConditionalBackend[] = [
  { name: 'MemoryStore', open: async () => ({ store: new MemoryStore(), close: async () => undefined }) },
]

/** Has the tests that are defined from now on run on other stores. */
export function useBackends(others: ConditionalBackend[]): void {
  backends = others
}

/** The same tests on each of them; `getStore` is for use inside a test. */
export function describeOnEachStore(title: string, tests: (getStore: () => FullStore) => void): void {
  describe.each(backends)(`${title}, on $name`, ({ open }) => {
    let backend: OpenBackend

    beforeAll(async () => {
      backend = await open()
    })

    afterAll(async () => {
      await backend.close()
    })

    tests(() => backend.store)
  })
}
