import type { CookieFate } from '../../session/explanation-words'

/** What went wrong in a request. One value: a new one takes its place. */
export interface Trouble {
  /** What became of tokens that were not accepted. */
  readonly refusals: readonly (readonly [token: string, fate: CookieFate])[]
  /** What the session could not be read or written for. */
  readonly failure: unknown
}

const NONE: Trouble = { refusals: [], failure: undefined }

export function withRefusal({ refusals, failure }: Trouble = NONE, token: string, fate: CookieFate): Trouble {
  return { refusals: [...refusals, [token, fate]], failure }
}

export function withFailure({ refusals }: Trouble = NONE, failure: unknown): Trouble {
  return { refusals, failure }
}
