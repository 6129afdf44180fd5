/** A look at the shared store that is under way. */
export interface Reading {
  /** The record was changed since it began: what it brings may be older than what is there. */
  isOutdated: boolean
}

/** Knows which looks at the shared store are outdated by changes that this process makes meanwhile. */
export class Readings {
  readonly #underWay = new Map<string, Set<Reading>>()
  /** How many changes of a key, or of all, are under way. */
  readonly #changes = new Map<string | undefined, number>()

  /** How many keys are remembered. */
  get size(): number {
    return this.#underWay.size + this.#changes.size
  }

  async during<T>(key: string, read: (reading: Reading) => Promise<T>): Promise<T> {
    const reading = { isOutdated: this.#changes.has(key) || this.#changes.has(undefined) }
    const readings = this.#underWay.get(key) ?? new Set()
    this.#underWay.set(key, readings.add(reading))
    try {
      return await read(reading)
    } finally {
      readings.delete(reading)
      if (readings.size === 0 && this.#underWay.get(key) === readings) this.#underWay.delete(key)
    }
  }

  /** A change whose result can be kept as what was read, where no other change of the key was beside it. */
  async change<T>(key: string, change: (result: Reading) => Promise<T>): Promise<T> {
    return this.during(key, async (result) => {
      const isAlone = !result.isOutdated
      const end = this.block(key)
      // The change is no other than itself.
      result.isOutdated = !isAlone
      try {
        return await change(result)
      } finally {
        end()
      }
    })
  }

  /**
   * Outdates every reading of the key that is under way or begins before the end of the change.
   *
   * @param key undefined for all keys
   * @returns what to call at the end of the change
   */
  block(key: string | undefined): () => void {
    const outdated = key === undefined ? Array.from(this.#underWay.values()) : [this.#underWay.get(key) ?? []]
    for (const readings of outdated) for (const reading of readings) reading.isOutdated = true
    this.#changes.set(key, (this.#changes.get(key) ?? 0) + 1)
    return () => {
      const left = (this.#changes.get(key) ?? 1) - 1
      if (left > 0) this.#changes.set(key, left)
      else this.#changes.delete(key)
    }
  }
}
