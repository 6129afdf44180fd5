import type { KeyedLock } from '../../base/keyed-lock'

/** A place in the line for a key. */
interface Place {
  /** Resolves when it is this request's turn. */
  readonly came: Promise<void>
  readonly leave: () => void
  users: number
}

/**
 * A request's turn among those of this process that work on the same session. All verbs of the request share it: none of them
 * waits in the line behind another one that waits for it.
 */
export class Turn {
  readonly #lock: KeyedLock
  #places: Map<string, Place> | undefined

  constructor(lock: KeyedLock) {
    this.#lock = lock
  }

  /** Does the work when it is this request's turn; at once where a verb of the request has it already. */
  async hold<T>(key: string, work: () => Promise<T>): Promise<T> {
    const place = this.#places?.get(key) ?? this.#join(key)
    place.users++
    try {
      await place.came
      return await work()
    } finally {
      place.users--
      if (place.users === 0) this.#leave(key, place)
    }
  }

  /** Lets other requests go first that are in the line, for so many milliseconds at most. */
  yieldToOthers(key: string, atMost: number): Promise<void> {
    return this.#lock.yieldTo(key, atMost)
  }

  /** Whether other requests are in the line, and none of this one's verbs is. */
  isBehindOthers(key: string): boolean {
    return this.#lock.isHeld(key) && !this.#places?.has(key)
  }

  #join(key: string): Place {
    let leave = (): void => undefined
    const left = new Promise<void>((resolve) => (leave = resolve))
    const came = new Promise<void>((resolve) => {
      void this.#lock.hold(key, () => {
        resolve()
        return left
      })
    })
    const place = { came, leave, users: 0 }
    ;(this.#places ??= new Map()).set(key, place)
    return place
  }

  #leave(key: string, place: Place): void {
    this.#places?.delete(key)
    place.leave()
  }
}
