import { andThen, type Awaitable } from '../contracts/awaitable'
import type { Backend, Loaded, Write, WriteResult } from '../contracts/backend'
import {
  isConditional,
  isTouchable,
  type ConditionalStore,
  type Store,
  type StoreRequest,
  type TouchableStore,
} from '../contracts/store'
import { isRecord } from '../record'

/** Keeps the record in a store, with every guarantee that the store's capabilities allow. */
export class StoreBackend implements Backend {
  readonly hasIds = true
  readonly #store: Store
  readonly #maxAge: number
  readonly #conditional: ConditionalStore | undefined
  readonly #touchable: TouchableStore | undefined

  /** @param maxAge the configured lifetime in milliseconds, which `store.get` is told as in koa-session */
  constructor(store: Store, maxAge: number) {
    this.#store = store
    this.#maxAge = maxAge
    this.#conditional = isConditional(store) ? store : undefined
    this.#touchable = isTouchable(store) ? store : undefined
  }

  load(id: string, request: StoreRequest): Awaitable<Loaded | undefined> {
    if (this.#conditional) {
      return andThen(this.#conditional.read(id, request), (found) =>
        found && isRecord(found.record) ? found : undefined,
      )
    }
    return andThen(this.#store.get(id, this.#maxAge, request), (record) => (isRecord(record) ? { record } : undefined))
  }

  write(write: Write, request: StoreRequest): Awaitable<WriteResult> {
    const { record, ttl, base, reason } = write
    const id = write.id as string
    const store = this.#conditional
    if (base && this.#touchable && (reason === 'rolling' || reason === 'renew')) {
      const touched = this.#touchable.touch(id, record._expire, ttl, request)
      return andThen(touched, (exists) => (exists ? written(id, base.revision) : { outcome: 'missing' }))
    }
    if (!store) {
      const set = this.#store.set(id, record, ttl, { ...request, changed: reason === 'changed' })
      return andThen(set, () => written(id, undefined))
    }
    if (!base) {
      const created = store.create(id, record, ttl, request)
      return andThen(created, (result) => (result ? written(id, result.revision) : { outcome: 'taken' }))
    }
    const replaced = store.replace(id, record, ttl, base.revision, request)
    return andThen(replaced, (result) => (result.outcome === 'written' ? written(id, result.revision) : result))
  }

  remove(id: string, { ctx }: StoreRequest): Awaitable<boolean> {
    if (this.#conditional) return this.#conditional.destroy(id, { ctx })
    return andThen(this.#store.destroy(id, { ctx }), () => true)
  }
}

function written(token: string, revision: unknown): WriteResult {
  return { outcome: 'written', token, revision }
}
