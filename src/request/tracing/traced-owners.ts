import type { OwnedRecord, OwnerIndexedStore, OwnerMark } from '../../contracts/store'
import type { Awaitable } from '../../base/awaitable'
import type { Tracer } from './tracer'

/** What a store knows of owners, with every call traced. No trace says whose sessions they are. */
export class TracedOwners implements OwnerIndexedStore {
  readonly #inner: OwnerIndexedStore
  readonly #tracer: Tracer

  constructor(inner: OwnerIndexedStore, tracer: Tracer) {
    this.#inner = inner
    this.#tracer = tracer
  }

  listByOwner(owner: string): Awaitable<OwnedRecord[]> {
    return this.#trace(
      'listByOwner',
      () => this.#inner.listByOwner(owner),
      ({ length }) => (length > 0 ? 'found' : 'none'),
    )
  }

  destroyByOwner(owner: string, options?: { except?: string; only?: string }): Awaitable<number> {
    return this.#trace(
      'destroyByOwner',
      () => this.#inner.destroyByOwner(owner, options),
      (count) => (count > 0 ? 'removed' : 'missing'),
      options?.only,
    )
  }

  readMark(owner: string): Awaitable<OwnerMark> {
    return this.#trace(
      'readMark',
      () => this.#inner.readMark(owner),
      ({ notBefore }) => (notBefore === undefined ? 'none' : 'found'),
    )
  }

  setMark(owner: string): Awaitable<unknown> {
    return this.#trace(
      'setMark',
      () => this.#inner.setMark(owner),
      () => 'written',
    )
  }

  #trace<T>(method: string, work: () => Awaitable<T>, outcomeOf: (value: T) => string, id?: string): Awaitable<T> {
    return this.#tracer.traceCall(method, id, work, (trace, value) => (trace.outcome = outcomeOf(value)))
  }
}
