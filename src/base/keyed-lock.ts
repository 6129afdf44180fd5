import { setTimeout } from 'node:timers/promises'

/**
 * How long somebody waits for those who came before, in milliseconds. The lock keeps them out of each other's way; what keeps
 * their data is the condition of each write. So nobody waits for ever, whatever the work of another one waits for.
 */
const PATIENCE_MS = 3_000

/** Lets those who want to work on the same key do it one after the other, within this process. */
export class KeyedLock {
  readonly #last = new Map<unknown, Promise<unknown>>()
  readonly #patience: number

  constructor(patience = PATIENCE_MS) {
    this.#patience = patience
  }

  /** Does the work when everybody who came before is done with this key, or has taken too long. */
  async hold<T>(key: unknown, work: () => Promise<T>): Promise<T> {
    const mine = this.yieldTo(key, this.#patience).then(work)
    const done = mine.catch(() => undefined)
    this.#last.set(key, done)
    try {
      return await mine
    } finally {
      if (this.#last.get(key) === done) this.#last.delete(key)
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
    if (last === undefined) return
    const ended = new AbortController()
    const patience = setTimeout(atMost, undefined, { signal: ended.signal, ref: false }).catch(() => undefined)
    await Promise.race([last, patience])
    ended.abort()
  }
}
