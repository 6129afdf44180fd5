import { andThen, type Awaitable } from '../../base/awaitable'
import type { Backend, Owners, Write, WriteResult } from '../../contracts/backend'
import type { ReadAt, ConditionalContext, Versioned } from '../../contracts/store'
import type { Serializer } from '../../session/serializer'
import { TracedOwners } from './traced-owners'
import type { Tracer } from './tracer'

/** A backend of which every call is traced, and measured for what it is a part of. */
export class TracedBackend implements Backend {
  readonly #inner: Backend
  readonly #tracer: Tracer
  readonly owners: Owners | undefined
  #removals = 0

  constructor(inner: Backend, tracer: Tracer) {
    this.#inner = inner
    this.#tracer = tracer
    this.owners = inner.owners && new TracedOwners(inner.owners, tracer)
  }

  /** How many records were removed so far. */
  get removals(): number {
    return this.#removals
  }

  get serializer(): Serializer {
    return this.#inner.serializer
  }

  get rotatesInPlace(): boolean {
    return this.#inner.rotatesInPlace
  }

  load(key: string, context: ConditionalContext): Awaitable<Versioned | null | undefined> {
    const { hasStore } = this.#tracer
    const reading = this.#tracer.traceCall(
      'read',
      key,
      () => this.#inner.load(key, context),
      (trace, loaded) => {
        trace.outcome = loaded ? 'found' : 'none'
        trace.bytes = sizeOf(loaded?.text)
      },
    )
    return andThen(reading, (loaded) => {
      this.#tracer.noteBytes(sizeOf(hasStore ? loaded?.text : key))
      return loaded
    })
  }

  write(write: Write, context: ConditionalContext): Awaitable<WriteResult> {
    const isRenewal = write.reason === 'rolling' || write.reason === 'renew'
    this.#tracer.noteAttempt()
    const writing = this.#tracer.traceCall(
      isRenewal ? 'renew' : 'write',
      write.id,
      () => this.#inner.write(write, context),
      (trace, { outcome }) => {
        trace.outcome = outcome
        trace.attempts = 1
        trace.bytes = isRenewal ? 0 : sizeOf(write.text)
      },
    )
    return andThen(writing, (result) => {
      const token = result.outcome === 'written' ? result.token : undefined
      this.#tracer.noteBytes(token === undefined && isRenewal ? 0 : sizeOf(token ?? write.text))
      return result
    })
  }

  remove(id: string, context: ConditionalContext, at?: ReadAt): Awaitable<boolean> {
    const removing = this.#tracer.traceCall(
      'destroy',
      id,
      () => this.#inner.remove(id, context, at),
      (trace, removed) => (trace.outcome = removed ? 'removed' : 'missing'),
    )
    return andThen(removing, (removed) => {
      if (removed) this.#removals++
      return removed
    })
  }
}

function sizeOf(text: string | undefined): number {
  return text === undefined ? 0 : Buffer.byteLength(text)
}
