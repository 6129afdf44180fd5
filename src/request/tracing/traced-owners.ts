import type { Owners, TimedMark } from '../../contracts/backend'
import type { OwnedChoice, OwnedRecord } from '../../contracts/store'
import type { Awaitable } from '../../base/awaitable'
import type { Tracer } from './tracer'

/** What a store knows of owners, with every call traced. No trace says whose sessions they are. */
export class TracedOwners implements Owners {
  readonly #inner: Owners
  readonly #tracer: Tracer

  constructor(inner: Owners, tracer: Tracer) {
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

  destroyByOwner(owner: string, options?: OwnedChoice): Awaitable<number> {
    return this.#trace(
      'destroyByOwner',
      () => this.#inner.destroyByOwner(owner, options),
      (count) => (count > 0 ? 'removed' : 'missing'),
      options?.only,
    )
  }

  readMark(owner: string): Awaitable<TimedMark> {
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
