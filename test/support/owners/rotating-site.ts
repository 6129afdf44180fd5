import { MemoryStore, type SessionRecord } from 'koa-session-service'
import { stopClock } from '../clock'
import { newOwner, OwnedApp, type OwnedAppOptions, type OwnedStore, type OwnerEvent } from './owned-app'
import type { Answer, Visitor } from '../app/app'

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const EVERY = 10 * MINUTE

/** The name of the session's cookie. */
const COOKIE = 'koa.sess'

export type RotatingSiteOptions = Omit<OwnedAppOptions, 'store'> & { store?: OwnedStore }

/** Apps over one store whose sessions' tokens change every ten minutes, and a clock that a test sets forward. */
export class RotatingSite extends OwnedApp {
  readonly clock: ReturnType<typeof stopClock>
  readonly store: OwnedStore

  constructor({ store = new MemoryStore(), verbs, ...options }: RotatingSiteOptions = {}) {
    const clock = stopClock()
    super({ rotateEvery: EVERY, store, verbs: { out: (ctx) => (ctx.session = null), ...verbs }, ...options })
    this.clock = clock
    this.store = store
  }

  /** A browser whose session has been in use for so long. */
  async browser({ user = newOwner(), used = EVERY, process = 0 } = {}): Promise<Visitor> {
    const browser = await this.signedIn(user, process)
    await browser.get('/read')
    this.clock.advance(used)
    return browser
  }

  /** A thief with what a browser holds now. */
  thiefOf(browser: Visitor, process = 0): Visitor {
    return this.visitor(process, browser.jar.copy())
  }

  async replays(): Promise<OwnerEvent[]> {
    return this.eventsOf('replayed')
  }

  /** The record of the session that a browser's token is of. */
  async recordOf(token: string): Promise<SessionRecord | undefined> {
    const key = token.slice(0, token.lastIndexOf('~'))
    return (await this.store.read(key, { rolling: false, ctx: {} as never, knowsSecrets: true }))?.record
  }
}

/** The token that a browser holds. */
export function tokenOf({ jar }: Visitor): string {
  return jar.values.get(COOKIE) ?? ''
}

/** Whether a browser is signed in; it takes what the response hands over. */
export async function isIn(browser: Visitor, headers: Record<string, string> = {}): Promise<boolean> {
  return (await browser.get('/read', headers)).json<{ user?: string }>().user !== undefined
}

/** The token that a response hands over; undefined where it says nothing of the session. */
export function handedBy({ setCookie }: Answer): string | undefined {
  const line = setCookie.find((each) => each.startsWith(`${COOKIE}=`))
  return line && /=([^;]*)/.exec(line)?.[1]
}

/** A request whose answer is lost on its way to the browser. Returns the token that nobody got, if any. */
export async function lost(site: OwnedApp, browser: Visitor, path = '/read', process = 0): Promise<string | undefined> {
  return handedBy(await site.visitor(process, browser.jar.copy()).get(path))
}
