import type Koa from 'koa'
import type { SessionIncident } from 'koa-session-service'
import { PlainStore } from '../support/backends'

/** What an app told while it served. */
export interface Observed {
  /** What came with the app's `error` event. */
  errors: unknown[]
  late: unknown[]
  failures: unknown[]
}

export function observe(app: Koa): Observed {
  const observed: Observed = { errors: [], late: [], failures: [] }
  app.on('error', (error) => observed.errors.push(error))
  app.on('session:late', ({ lost }: SessionIncident & { lost: string }) => observed.late.push(lost))
  app.on('session:error', ({ error }: SessionIncident & { error: unknown }) => observed.failures.push(error))
  return observed
}

/** Lets the server and the events that follow a response have their turns. */
export async function takeTurns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

export interface Deferred {
  promise: Promise<void>
  resolve: () => void
}

export function deferred(): Deferred {
  let resolve = (): void => undefined
  const promise = new Promise<void>((settle) => (resolve = settle))
  return { promise, resolve }
}

type Operation = 'get' | 'set' | 'destroy'

/** A store whose operations fail when they are told to, with whatever `fail` throws or answers. */
export class FailingStore extends PlainStore {
  readonly #failures = new Map<Operation, () => unknown>()

  fail(operation: Operation, failure: () => unknown): void {
    this.#failures.set(operation, failure)
  }

  override async get(key: string): ReturnType<PlainStore['get']> {
    await this.#failures.get('get')?.()
    return super.get(key)
  }

  override async set(...call: Parameters<PlainStore['set']>): Promise<void> {
    await this.#failures.get('set')?.()
    return super.set(...call)
  }

  override async destroy(key: string): Promise<void> {
    await this.#failures.get('destroy')?.()
    return super.destroy(key)
  }
}

/** A store that keeps whoever writes or removes waiting until it is released. */
export class HeldStore extends PlainStore {
  readonly reached = deferred()
  readonly released = deferred()
  isHolding = false

  override async set(...call: Parameters<PlainStore['set']>): Promise<void> {
    await this.#hold()
    return super.set(...call)
  }

  override async destroy(key: string): Promise<void> {
    await this.#hold()
    return super.destroy(key)
  }

  async #hold(): Promise<void> {
    if (!this.isHolding) return
    this.reached.resolve()
    await this.released.promise
  }
}
