import type { EndPoint, EndsAnswer, EndSet, EndStore, SetEndOptions } from '../contracts/end-store'
import type { Awaitable } from '../base/awaitable'

/** A store of sessions that keeps ends, too. */
export class WithEnds implements EndStore {
  readonly #ends: EndStore

  /** @internal */
  constructor(ends: EndStore) {
    this.#ends = ends
  }

  /** For the option `ends`: see {@link EndStore}. */
  readEnds(keys: readonly string[], options?: { after?: EndPoint }): Awaitable<EndsAnswer> {
    return this.#ends.readEnds(keys, options)
  }

  /** For the option `ends`: see {@link EndStore}. */
  setEnd(key: string, options: SetEndOptions): Awaitable<EndSet | undefined> {
    return this.#ends.setEnd(key, options)
  }
}
