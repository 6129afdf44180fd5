/** koa-session's three methods over a Map of id to JSON text, for every implementation alike. */
export function plainStore() {
  const texts = new Map<string, string>()
  const read = (key: string): any => {
    const text = texts.get(key)
    return text === undefined ? undefined : JSON.parse(text)
  }
  const write = (key: string, record: unknown): void => void texts.set(key, JSON.stringify(record))
  return { get: read, set: write, destroy: (key: string): void => void texts.delete(key) }
}

/** The same with callbacks, for the stores of express-session and of @fastify/session. */
export function callbackMethods() {
  const store = plainStore()
  return {
    get: (key: string, done: (error: unknown, session?: any) => void) => done(null, store.get(key)),
    set: (key: string, session: unknown, done: (error?: unknown) => void) => done(store.set(key, session)),
    destroy: (key: string, done: (error?: unknown) => void) => done(store.destroy(key)),
  }
}

/** The same store, answering promises. */
export function asynchronous({ get, set, destroy }: ReturnType<typeof plainStore>) {
  return {
    get: async (key: string): Promise<any> => get(key),
    set: async (key: string, record: unknown): Promise<void> => set(key, record),
    destroy: async (key: string): Promise<void> => destroy(key),
  }
}
