import type { KeyedLock } from '../../base/keyed-lock'
import { retry } from '../../base/retry'

/** Makes a change until no other request was faster: after the first attempt, those of this process go one by one. */
export class UpdateLoop {
  readonly #keyedLock: KeyedLock
  #holdsLock = false

  constructor(keyedLock: KeyedLock) {
    this.#keyedLock = keyedLock
  }

  /** Whether an update of this request holds the lock of the session: then what runs within it does not wait for it. */
  get holdsLock(): boolean {
    return this.#holdsLock
  }

  /**
   * @param attempt returns undefined where another request was faster
   * @param keyOf what the lock is held on, once the first attempt has failed
   */
  async run(attempt: () => Promise<true | undefined>, keyOf: () => string | undefined): Promise<void> {
    if (await attempt()) return
    const key = keyOf()
    if (key === undefined || this.#holdsLock) return void (await retry(attempt))
    await this.#keyedLock.hold(key, async () => {
      this.#holdsLock = true
      await retry(attempt).finally(() => (this.#holdsLock = false))
    })
  }
}
