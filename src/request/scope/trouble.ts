import type { CookieFate, EndedBy } from '../../session/explanation-words'
import type { SessionEvents } from '../../session/events'

/** What went wrong in a request. One value: a new one takes its place. */
export interface Trouble {
  /** What became of tokens that were not accepted. */
  readonly refusals: readonly (readonly [token: string, fate: CookieFate])[]
  /** What the session could not be read or written for. */
  readonly failure: unknown
  /** What the client was not told, as the response had begun, or nobody was there. */
  readonly lost: SessionEvents['headersSent']['lost'] | undefined
  /** The handlers have failed, and the application wants no commit then. */
  readonly isDropped: boolean
  /** The change of `update()` or the work of `once()` has set keys that are not saved. */
  readonly hasPrivateKeys: boolean
  /** By what the first session has ended that was refused for it. */
  readonly endedBy: EndedBy | undefined
}

const NONE: Trouble = {
  refusals: [],
  failure: undefined,
  lost: undefined,
  isDropped: false,
  hasPrivateKeys: false,
  endedBy: undefined,
}

export function withRefusal(trouble: Trouble = NONE, token: string, fate: CookieFate): Trouble {
  return { ...trouble, refusals: [...trouble.refusals, [token, fate]] }
}

export function withTrouble(trouble: Trouble = NONE, more: Partial<Omit<Trouble, 'refusals'>>): Trouble {
  return { ...trouble, ...more }
}
