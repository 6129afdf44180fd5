import { RecentMap } from '../base/recent-map'

/** How many sessions are remembered: those whose token has changed last. */
const MAX_SESSIONS = 10_000

/** Which sessions of this process have lost the token that their clients held, by a rotation or by their end. */
export class TokenChanges {
  readonly #last = new RecentMap<number>(MAX_SESSIONS)
  #count = 0

  note(id: string): void {
    this.#last.set(id, ++this.#count)
  }

  /** A number that is another one once the session's token has changed. */
  of(id: string): number {
    return this.#last.get(id) ?? 0
  }
}
