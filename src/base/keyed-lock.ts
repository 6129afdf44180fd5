import { clearTimeout, setTimeout } from 'node:timers'
import { within } from './within'

/**
 * How long a holder has the key to itself when others wait, in milliseconds. The lock keeps requests out of each other's way;
 * what keeps their data is the condition of each write. So nobody waits for ever, whatever a holder waits for. It counts from
 * the holder's own beginning: a long line moves on one by one, and never all at once.
 */
const PATIENCE_MS = 3_000

/** Lets those who want to work on the same key do it one after the other, within this process. */
export class KeyedLock {
  /** Per key, what resolves when the last one in the line is done, or has taken too long. */
  readonly #last = new Map<unknown, Promise<void>>()
  readonly #patience: number

  constructor(patience = PATIENCE_MS) {
    this.#patience = patience
  }

  /** Does the work when the one before in the line is done with this key, or has taken too long. */
  async hold<T>(key: unknown, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key)
    let pass = (): void => undefined
    const passed = new Promise<void>((resolve) => (pass = resolve))
    this.#last.set(key, passed)
    await before
    const patience = setTimeout(pass, this.#patience)
    patience.unref()
    try {
      return await work()
    } finally {
      clearTimeout(patience)
      pass()
      if (this.#last.get(key) === passed) this.#last.delete(key)
    }
  }

  /** How many keys are held. */
  get size(): number {
    return this.#last.size
  }

  isHeld(key: unknown): boolean {
    return this.#last.has(key)
  }

  /** Waits for those who hold the key, at most so many milliseconds. */
  async yieldTo(key: unknown, atMost: number): Promise<void> {
    const last = this.#last.get(key)
    if (last !== undefined) await within(last, atMost)
  }
}
