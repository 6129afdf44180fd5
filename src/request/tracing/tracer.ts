import { fingerprint } from '../../session/token'
import type { Awaitable } from '../../base/awaitable'
import { CHANNELS, traced, type SessionTrace, type TracedOperation } from '../../base/tracing'
import type { SessionConfig } from '../../config/config'

/** What one request traces of its session. */
export class Tracer {
  /** Whether the record rests in a store. */
  readonly hasStore: boolean
  readonly #options: SessionConfig['options']
  /** What is under way: a request does one after the other. */
  #current: SessionTrace | undefined

  constructor({ options, hasStore }: SessionConfig) {
    this.hasStore = hasStore
    this.#options = options
  }

  /** Traces what the request does with its session, where somebody listens. */
  trace<T>(
    operation: Exclude<TracedOperation, 'store'>,
    id: string | undefined,
    work: () => Awaitable<T>,
    conclude: (trace: SessionTrace, value: T) => void,
  ): Awaitable<T> {
    if (!CHANNELS[operation].hasSubscribers) return work()
    const trace = this.#newTrace(operation, id, undefined)
    this.#current = trace
    return traced(trace, work, (value) => conclude(trace, value))
  }

  /** Traces a call of the store, where there is one, and somebody listens. */
  traceCall<T>(
    method: string,
    id: string | undefined,
    work: () => Awaitable<T>,
    conclude: (trace: SessionTrace, value: T) => void,
  ): Awaitable<T> {
    if (!this.hasStore || !CHANNELS.store.hasSubscribers) return work()
    const trace = this.#newTrace('store', id, method)
    return traced(trace, work, (value) => conclude(trace, value))
  }

  noteBytes(bytes: number): void {
    if (this.#current) this.#current.bytes = bytes
  }

  noteAttempt(): void {
    if (this.#current) this.#current.attempts++
  }

  noteLost(lost: string): void {
    if (this.#current) this.#current.lost = lost
  }

  #newTrace(operation: TracedOperation, id: string | undefined, method: string | undefined): SessionTrace {
    const { property, key } = this.#options
    return {
      operation,
      service: property,
      cookie: key,
      store: this.#storeName(),
      method,
      session: fingerprint(id),
      outcome: undefined,
      kind: undefined,
      bytes: 0,
      attempts: 0,
      lost: undefined,
      error: undefined,
    }
  }

  #storeName(): string {
    const { store, ContextStore } = this.#options
    const type: unknown = ContextStore ?? (typeof store === 'function' ? store : store?.constructor)
    return typeof type === 'function' ? type.name || 'unnamed' : 'cookie'
  }
}
