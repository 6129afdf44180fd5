/** Random choices that a seed repeats (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A number from 0 up to, and without, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]
  }

  /** So many characters that a header can carry. */
  text(length: number, alphabet = HEADER_CHARACTERS): string {
    let text = ''
    for (let index = 0; index < length; index++) text += alphabet[this.below(alphabet.length)]
    return text
  }

  shuffled<T>(values: readonly T[]): T[] {
    const shuffled = [...values]
    for (let index = shuffled.length - 1; index > 0; index--) {
      const other = this.below(index + 1)
      ;[shuffled[index], shuffled[other]] = [shuffled[other], shuffled[index]]
    }
    return shuffled
  }
}

/** What can stand in a header's value: visible ASCII, space, tab, and the bytes above. */
const HEADER_CHARACTERS =
  '\t' +
  Array.from({ length: 256 - 0x20 }, (_, index) => String.fromCharCode(index + 0x20))
    .join('')
    .replace('\x7f', '')
export const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
