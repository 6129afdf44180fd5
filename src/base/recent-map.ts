/**
 * A map of a bounded size, which forgets what was not used lately. It is two maps, the newer of which takes the place of the
 * older when it is half of the whole: what was used since then is kept, and a use moves nothing within a map.
 */
export class RecentMap<Value> {
  readonly #half: number
  readonly #sizeOf: ((value: Value) => number) | undefined
  #size = 0
  #newer = new Map<string, Value>()
  #older = new Map<string, Value>()

  /**
   * @param max how many values are kept at most, or how large they may be together; the last half of those that were used are
   *   kept for sure
   * @param sizeOf how large a value is; without it, values are counted
   */
  constructor(max: number, sizeOf?: (value: Value) => number) {
    this.#half = Math.ceil(max / 2)
    this.#sizeOf = sizeOf
  }

  get(key: string): Value | undefined {
    const value = this.#newer.get(key)
    if (value !== undefined) return value
    const older = this.#older.get(key)
    if (older !== undefined) this.set(key, older)
    return older
  }

  /** The value of a key; made, and kept, where it is not there. */
  getOr(key: string, make: (key: string) => Value): Value {
    const found = this.get(key)
    if (found !== undefined) return found
    const value = make(key)
    this.set(key, value)
    return value
  }

  set(key: string, value: Value): void {
    this.#newer.set(key, value)
    if (this.#sizeOf) this.#size += this.#sizeOf(value)
    if ((this.#sizeOf ? this.#size : this.#newer.size) < this.#half) return
    this.#older = this.#newer
    this.#newer = new Map()
    this.#size = 0
  }

  delete(key: string): void {
    this.#newer.delete(key)
    this.#older.delete(key)
  }
}
