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

/** Every store that writes on a condition; that of a server opens a connection, and closes it. */
export const CONDITIONAL_BACKENDS: ConditionalBackend[] = [
  { name: 'MemoryStore', open: async () => ({ store: new MemoryStore(), close: async () => undefined }) },
]

/** The same tests on each of them; `getStore` is for use inside a test. */
export function describeOnEachStore(title: string, tests: (getStore: () => FullStore) => void): void {
  describe.each(CONDITIONAL_BACKENDS)(`${title}, on $name`, ({ open }) => {
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
