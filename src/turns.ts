import { setTimeout } from 'node:timers/promises'

/** Lets those who want to work on the same key do it one after the other, within this process. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(work)
    const done = turn.catch(() => undefined)
    this.#last.set(key, done)
    try {
      return await turn
    } finally {
      if (this.#last.get(key) === done) this.#last.delete(key)
    }
  }

  /** Whether somebody has a turn. */
  isTaken(key: string): boolean {
    return this.#last.has(key)
  }

  /** Waits for those who have a turn, at most so many milliseconds: they may be waiting for whoever waits here. */
  async letPass(key: string, atMost: number): Promise<void> {
    const ended = new AbortController()
    const patience = setTimeout(atMost, undefined, { signal: ended.signal, ref: false }).catch(() => undefined)
    await Promise.race([this.#last.get(key), patience])
    ended.abort()
  }
}
