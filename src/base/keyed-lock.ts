import { setTimeout } from 'node:timers/promises'

/** Lets those who want to work on the same key do it one after the other, within this process. */
export class KeyedLock {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Does the work when everybody who came before is done with this key. */
  async hold<T>(key: string, work: () => Promise<T>): Promise<T> {
    const mine = (this.#last.get(key) ?? Promise.resolve()).then(work)
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

  isHeld(key: string): boolean {
    return this.#last.has(key)
  }

  /** Waits for those who hold the key, this many milliseconds at most: they may be waiting for this very caller. */
  async yieldTo(key: string, atMost: number): Promise<void> {
    const ended = new AbortController()
    const patience = setTimeout(atMost, undefined, { signal: ended.signal, ref: false }).catch(() => undefined)
    await Promise.race([this.#last.get(key), patience])
    ended.abort()
  }
}
