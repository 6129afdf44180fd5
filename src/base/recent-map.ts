/** A map of a bounded size, which forgets what was used least lately. */
export class RecentMap<Value> {
  readonly #max: number
  /** In the order of use: the last one is the newest. */
  readonly #values = new Map<string, Value>()

  constructor(max: number) {
    this.#max = max
  }

  get(key: string): Value | undefined {
    const value = this.#values.get(key)
    if (value === undefined) return undefined
    this.#values.delete(key)
    this.#values.set(key, value)
    return value
  }

  set(key: string, value: Value): void {
    this.#values.delete(key)
    this.#values.set(key, value)
    if (this.#values.size <= this.#max) return
    for (const oldest of this.#values.keys()) return void this.#values.delete(oldest)
  }

  delete(key: string): void {
    this.#values.delete(key)
  }
}
