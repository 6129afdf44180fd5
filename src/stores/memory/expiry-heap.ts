/** What an {@link ExpiryHeap} holds. */
export interface Expiring {
  until: number
  /** Where it is in the heap, which alone sets it. */
  place: number
}

/**
 * Knows which of many things expires first: a heap of four children each,
 * which has half the levels of one of two; each thing knows its place in it.
 */
export class ExpiryHeap<T extends Expiring> {
  readonly #items: T[] = []

  get first(): T | undefined {
    return this.#items[0]
  }

  add(item: T): void {
    item.place = this.#items.push(item) - 1
    this.#rise(item)
  }

  delete(item: T): void {
    const last = this.#items.pop() as T
    if (last === item) return
    this.#put(last, item.place)
    this.update(last)
  }

  /** Finds its place anew, after `until` was set. */
  update(item: T): void {
    this.#rise(item)
    this.#sink(item)
  }

  #rise(item: T): void {
    while (item.place > 0) {
      const parent = this.#items[(item.place - 1) >> 2]
      if (parent.until <= item.until) return
      this.#swap(parent, item)
    }
  }

  #sink(item: T): void {
    for (;;) {
      const first = 4 * item.place + 1
      if (first >= this.#items.length) return
      const end = Math.min(first + 4, this.#items.length)
      let child = this.#items[first]
      for (let at = first + 1; at < end; at++) if (this.#items[at].until < child.until) child = this.#items[at]
      if (child.until >= item.until) return
      this.#swap(item, child)
    }
  }

  #swap(upper: T, lower: T): void {
    const place = upper.place
    this.#put(upper, lower.place)
    this.#put(lower, place)
  }

  #put(item: T, place: number): void {
    item.place = place
    this.#items[place] = item
  }
}
