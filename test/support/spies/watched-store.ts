import {
  type Awaitable,
  type ConditionalStore,
  MemoryStore,
  type SessionRecord,
  type StoreContext,
  type TouchableStore,
  type Versioned,
  type WriteOutcome,
} from 'koa-session-service'

/** A MemoryStore that tells which calls it got, and waits or fails where the test wants it to. */
export class WatchedStore implements ConditionalStore, TouchableStore {
  readonly records = new MemoryStore()
  readonly calls: string[] = []
  /** Called before every call; what it returns is awaited. */
  before: (method: string, key: string) => Awaitable<unknown> = () => undefined

  async get(key: string): Promise<SessionRecord | undefined> {
    return (await this.#call('get', key)).get(key)
  }

  async set(key: string, record: SessionRecord, maxAge: number): Promise<void> {
    ;(await this.#call('set', key)).set(key, record, maxAge)
  }

  async destroy(key: string, context?: Parameters<ConditionalStore['destroy']>[1]): Promise<boolean> {
    return (await this.#call('destroy', key)).destroy(key, context)
  }

  async read(key: string): Promise<Versioned | undefined> {
    return (await this.#call('read', key)).read(key)
  }

  async create(key: string, record: SessionRecord, maxAge: number): Promise<{ revision: unknown } | undefined> {
    return (await this.#call('create', key)).create(key, record, maxAge)
  }

  async replace(key: string, record: SessionRecord, maxAge: number, revision: unknown): Promise<WriteOutcome> {
    return (await this.#call('replace', key)).replace(key, record, maxAge, revision)
  }

  async touch(key: string, expire: number | undefined, maxAge: number, context?: StoreContext) {
    return (await this.#call('touch', key)).touch(key, expire, maxAge, context)
  }

  async #call(method: string, key: string): Promise<MemoryStore> {
    this.calls.push(method)
    await this.before(method, key)
    return this.records
  }
}
