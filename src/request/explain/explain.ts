import { SessionError } from '../../base/errors'
import type { PresentedToken } from '../../contracts/transport'
import type { InspectedCookie } from '../../cookies/inspect-cookies'
import type { CookieFate } from '../../session/explanation-words'
import { isGood, type PresentedCookie, type SessionExplanation } from './explanation'
import { cookieFingerprint } from './cookie-fingerprint'
import type { ExplainFacts } from './facts'
import { hintFor, NOTHING_RECALLED, type Recalled } from './hint-for'
import { toldBy } from './told'

/** Says why a session is what it is, and what was done with it. */
export function explain(facts: ExplainFacts, recalled: Recalled = NOTHING_RECALLED): SessionExplanation {
  const { cookie, id, written, failure, lines, lostSignatures, circumstances } = facts
  const presented = presentedOf(facts)
  const why = whyOf(facts, presented)
  const explained = {
    cookie,
    why,
    endedBy: why === 'ended' ? facts.endedBy : undefined,
    presented,
    session: sessionOf(facts, why),
    fingerprint: id === undefined ? undefined : cookieFingerprint(id, true),
    written,
    told: [...lines, ...lostSignatures].map((line) => toldBy(line, facts)),
    error: codeOf(failure),
  }
  return frozen({ ...explained, hint: hintFor(explained, circumstances, recalled) })
}

function presentedOf(facts: ExplainFacts): PresentedCookie[] {
  const { cookies } = facts
  const fates = fatesOf(facts)
  // What the application carries itself has no cookie.
  const all = cookies.length > 0 ? cookies : (facts.tokens ?? []).map((token) => carried(facts.cookie, token))
  return all.map((each) => ({
    cookie: each.cookie,
    fingerprint: fingerprintOf(each, facts),
    fate: facts.isCrossSite ? 'cross-site' : (each.fault ?? fateOf(each, fates, facts)),
  }))
}

/** What a cookie that came is told apart by. */
export function fingerprintOf(each: InspectedCookie, { tokens, hasStore }: ExplainFacts): string {
  return cookieFingerprint(tokenIn(each, tokens) ?? each.value, hasStore)
}

function carried(cookie: string, { token }: PresentedToken): InspectedCookie {
  return { cookie, value: token, fault: undefined }
}

/** What became of every token that was tried. */
function fatesOf({ tokens = [], refusals, unread }: ExplainFacts): Map<string, CookieFate> {
  // They are tried one after the other, until one is good.
  const tried = unread ? undefined : tokens.find(({ token }) => !refusals.has(token))
  return new Map(
    tokens.map((each): [string, CookieFate] => {
      const { token, outdated } = each
      const refused = refusals.get(token)
      if (refused !== undefined) return [token, refused]
      if (unread) return [token, unread]
      if (each !== tried) return [token, 'passed-over']
      return [token, outdated ? 'old-key' : 'accepted']
    }),
  )
}

function fateOf(each: InspectedCookie, fates: ReadonlyMap<string, CookieFate>, facts: ExplainFacts): CookieFate {
  const { tokens, isSpread, leftover, unread } = facts
  if (tokens === undefined) return unread ?? 'not-asked'
  const token = tokenIn(each, tokens)
  const all = Array.from(fates.values())
  if (isSpread) return all.find(isGood) ?? all.at(0) ?? leftover
  return (token === undefined ? undefined : fates.get(token)) ?? leftover
}

/** The token that a cookie holds, which may have something in front of it. */
function tokenIn({ value }: InspectedCookie, tokens: ExplainFacts['tokens']): string | undefined {
  return tokens?.find(({ token }) => value === token || value.endsWith(`.${token}`))?.token
}

/** What is told of a cookie that nobody has opened. */
const UNOPENED: readonly CookieFate[] = ['unsigned', 'bad-signature', 'passed-over']

function whyOf({ isCrossSite }: ExplainFacts, presented: readonly PresentedCookie[]): SessionExplanation['why'] {
  if (isCrossSite) return 'cross-site'
  const fates = presented.map(({ fate }) => fate)
  return fates.find(isGood) ?? fates.find((fate) => !UNOPENED.includes(fate)) ?? fates.at(0) ?? 'no-cookie'
}

function sessionOf(
  { standing, tookPlace }: ExplainFacts,
  why: SessionExplanation['why'],
): SessionExplanation['session'] {
  if (standing === 'closed' || standing === 'loading') return 'not-asked'
  if (standing === 'ended') return 'ended'
  return isGood(why) && !tookPlace ? 'loaded' : 'new'
}

function codeOf(failure: unknown): string | undefined {
  if (failure === undefined) return undefined
  return failure instanceof SessionError ? failure.code : 'other'
}

function frozen(explanation: SessionExplanation): SessionExplanation {
  const { presented, told } = explanation
  for (const each of [...presented, ...told, ...told.map(({ attributes }) => attributes)]) Object.freeze(each)
  Object.freeze(presented)
  Object.freeze(told)
  return Object.freeze(explanation)
}
