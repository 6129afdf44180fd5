import type { CookieFate } from '../../session/explanation-words'

/** What went wrong in a request. One value: a new one takes its place. */
export interface Trouble {
  /** What became of tokens that were not accepted. */
  readonly refusals: ReadonlyMap<string, CookieFate> | undefined
  /** What the session could not be read or written for. */
  readonly failure: unknown
}

export function withRefusal(trouble: Trouble | undefined, token: string, fate: CookieFate): Trouble {
  return { refusals: new Map([...(trouble?.refusals ?? []), [token, fate]]), failure: trouble?.failure }
}
