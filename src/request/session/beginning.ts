/**
 * Whether the session begins anew with its next write: it takes nothing of what others write, and its age counts from there. Where
 * a regenerate() does that, also from a write of another verb that is under way with it.
 */
export class Beginning {
  #isDue = false
  /** How many regenerate() without data are under way. */
  #underWay = 0

  get isDue(): boolean {
    return this.#isDue
  }

  /** Another session takes the place of one that was ended. */
  request(): void {
    this.#isDue = true
  }

  /** A regenerate() without data is called. */
  start(): void {
    this.#isDue = true
    this.#underWay++
  }

  /**
   * It has ended.
   *
   * @param isDue whether the session is to begin with a later write
   */
  finish(isDue: boolean): void {
    this.#underWay--
    if (this.#underWay === 0) this.#isDue = isDue
  }

  /** The session was written. */
  noteWrite(): void {
    if (this.#underWay === 0) this.#isDue = false
  }
}
