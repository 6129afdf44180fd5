import { monotonic } from '../base/monotonic'
import type { OwnerMark } from '../contracts/store'

/** How long a mark is kept, in milliseconds: no sign-in takes longer. */
export const MARK_LIFE_MS = 24 * 60 * 60 * 1000
/** How much later a mark is than the one before, at least, in milliseconds. */
export const MARK_STEP_MS = 1 / 1024

/** The marks of owners in this process's memory, by its monotonic clock. */
export class OwnerMarks {
  /** The oldest first. */
  readonly #marks = new Map<string, number>()

  /** How many there are. */
  get size(): number {
    return this.#marks.size
  }

  read(owner: string): OwnerMark {
    return { now: monotonic(), notBefore: this.#marks.get(owner) }
  }

  set(owner: string): void {
    const now = monotonic()
    const before = this.#marks.get(owner) ?? -Infinity
    this.#marks.delete(owner)
    this.#marks.set(owner, Math.max(now, before + MARK_STEP_MS))
    for (const [each, at] of this.#marks) {
      if (at > now - MARK_LIFE_MS) return
      this.#marks.delete(each)
    }
  }
}
