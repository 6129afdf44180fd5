import type { PresentedToken } from '../../contracts/transport'
import type { InspectedCookie } from '../../cookies/inspect-cookies'
import type { CookieFate, EndedBy, WrittenBecause } from '../../session/explanation-words'
import type { Circumstances } from './circumstances'

/** What is known of a request's session when somebody asks why it is what it is. */
export interface ExplainFacts {
  /** The name of the session's cookie. */
  readonly cookie: string
  /** The cookies that came, and what is wrong with each before anybody opens it. */
  readonly cookies: readonly InspectedCookie[]
  /** What of them was tried; undefined where nobody has asked for the session. */
  readonly tokens: readonly PresentedToken[] | undefined
  /** What became of those that were not accepted. */
  readonly refusals: ReadonlyMap<string, CookieFate>
  readonly standing: 'closed' | 'loading' | 'open' | 'ended'
  /** It took the place of one that was ended in this request. */
  readonly tookPlace: boolean
  /** What is told of a cookie where the session could not be read; undefined where it was. */
  readonly unread: 'store-error' | 'failed' | undefined
  /** It is spread over several cookies. */
  readonly isSpread: boolean
  /** What became of a good cookie in which no token was found. */
  readonly leftover: CookieFate
  readonly isCrossSite: boolean
  readonly hasStore: boolean
  readonly id: string | undefined
  readonly written: WrittenBecause
  readonly failure: unknown
  /** The Set-Cookie lines of the response that are the session's. */
  readonly lines: readonly string[]
  /** Those that clear the signature of a cookie alone: it was found bad. */
  readonly lostSignatures: readonly string[]
  /** By what the first session has ended that was refused for it. */
  readonly endedBy: EndedBy | undefined
  readonly now: number
  readonly circumstances: Circumstances
}
