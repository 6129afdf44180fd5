import { PlainStore } from '../../support/backends/backends'
import { deferred } from '../../support/races/interleave'
import type { Observed } from '../../support/app/site'

/** What an app told while it served. */
interface Told {
  /** What came with the app's `error` event. */
  errors: unknown[]
  /** What was lost with a response that was under way. */
  late: unknown[]
  /** The errors of commits that Koa does not get to see. */
  failures: unknown[]
  /** The names of all other events of the session. */
  others: string[]
}

/** All that was told so far, and nothing left out. */
export function toldBy({ errors, events }: Observed): Told {
  const told: Told = { errors, late: [], failures: [], others: [] }
  for (const { name, detail } of events) {
    if (name === 'headersSent') told.late.push(detail.lost)
    else if (name === 'error') told.failures.push(detail.error)
    else told.others.push(name)
  }
  return told
}

/** Lets the server and the events that follow a response have their turns. */
export async function takeTurns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
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
