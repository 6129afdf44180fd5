import type { SessionEvents } from 'koa-session-service'
import { SessionService } from 'koa-session-service'
import { Service } from 'typedi'
import type { ShopSession } from './sessions'

/** What the library tells of a session, in words. */
const WORDS: Partial<Record<keyof SessionEvents, string>> = {
  conflict: 'Two requests changed the session at the same time, and both changes were kept.',
  signedIn: 'Somebody signed in: the session has a new token, and every earlier one is dead.',
  gone: 'A request came to its end after the session had ended, and changed nothing.',
  revoked: 'The session was ended from another device.',
}

const MAX_SESSIONS = 1000
const MAX_EACH = 5

export interface Happening {
  at: number
  text: string
}

/** What just happened to each session, in this process, as the library's events tell it. */
@Service()
export class Happenings {
  readonly #bySession = new Map<string, Happening[]>()

  constructor(sessions: SessionService<ShopSession>) {
    for (const [name, text] of Object.entries(WORDS)) {
      sessions.on(name as 'conflict', ({ session }) => this.#add(session, text))
    }
  }

  /** The newest first. */
  of(fingerprint: string | undefined): Happening[] {
    return (fingerprint === undefined ? undefined : this.#bySession.get(fingerprint)) ?? []
  }

  #add(session: string, text: string): void {
    const others = this.of(session).slice(0, MAX_EACH - 1)
    this.#bySession.delete(session)
    this.#bySession.set(session, [{ at: Date.now(), text }, ...others])
    const [oldest] = this.#bySession.keys()
    if (this.#bySession.size > MAX_SESSIONS) this.#bySession.delete(oldest)
  }
}
