import type { SessionHint } from '../../session/explanation-words'
import type { Circumstances } from './circumstances'
import { isGood, type SessionExplanation } from './explanation'
import { isShort, missingHint } from './missing-hint'
import type { LastTold, RecordState } from './recollection'
import { attributeOf } from './told'
import { isUnderDomain, sameSiteOf } from './told-cookie'

/** What this process remembers of a client from before this request; there is some where sessions are debugged. */
export interface Recalled {
  /** The cookie that its last response set. */
  readonly last: LastTold | undefined
  /** What is known of the record that is not there. */
  readonly record: RecordState
  /** What was said of the cookie's signature before it was gone. */
  readonly badSignature: SessionHint | undefined
}

export const NOTHING_RECALLED: Recalled = { last: undefined, record: 'unknown', badSignature: undefined }

type Explained = Omit<SessionExplanation, 'hint'>

/** What is most probably wrong: the first that fits. Its test is a table. */
export function hintFor(explained: Explained, about: Circumstances, recalled: Recalled): SessionHint | undefined {
  return (
    ofError(explained, about) ??
    ofResponse(explained, about) ??
    ofOrder(about) ??
    ofCookies(explained, about, recalled) ??
    ofChanges(explained, about)
  )
}

function ofError({ error }: Explained, { forwardedProto, isProxied }: Circumstances): SessionHint | undefined {
  switch (error) {
    case 'ERR_SESSION_INSECURE':
      return forwardedProto === 'https' && !isProxied ? 'no-app-proxy' : 'plain-http'
    case 'ERR_SESSION_KEYS_MISSING':
      return 'no-keys'
    case 'ERR_SESSION_COOKIE_TOO_LARGE':
      return 'too-large'
    case 'ERR_SESSION_STORE':
      return 'store-error'
    default:
      return undefined
  }
}

function ofResponse({ why, told }: Explained, about: Circumstances): SessionHint | undefined {
  const { host, forwardedHost, isProxied } = about
  const isUnheeded = forwardedHost !== '' && !isProxied
  if (why === 'cross-site') {
    const isOwn = about.fetchSite === '' && about.origin.endsWith(`//${forwardedHost}`)
    return isUnheeded && isOwn ? 'no-app-proxy' : 'cross-site'
  }
  const set = told.filter(({ does }) => does === 'set').map(({ attributes }) => attributes)
  const plain = set.filter((each) => attributeOf(each, 'secure') === undefined)
  if (plain.some((each) => sameSiteOf(each) === 'none')) return 'same-site-none'
  // Whatever the app takes for its host, a browser that sends the cookie has taken it.
  if (!isGood(why) && set.some((each) => !isUnderDomain(host, each)))
    return isUnheeded ? 'no-app-proxy' : 'other-domain'
  const isTls = about.forwardedProto === 'https' && !about.isSecure
  return plain.length > 0 && about.isAutoSecure && isTls ? 'no-app-proxy' : undefined
}

function ofOrder({ hasMiddleware, wasEmptyBefore, isUnsaved }: Circumstances): SessionHint | undefined {
  if (!hasMiddleware) return wasEmptyBefore || isUnsaved ? 'no-middleware' : undefined
  return wasEmptyBefore ? 'before-middleware' : undefined
}

function ofCookies(explained: Explained, about: Circumstances, recalled: Recalled): SessionHint | undefined {
  const { why, presented, session } = explained
  const names = presented.map(({ cookie }) => cookie)
  if (new Set(names).size < names.length) return 'two-cookies'
  if (session === 'not-asked') return undefined
  const { last, record } = recalled
  // A request that was sent beside the last response still has the cookie of before.
  const isOther = last?.isSure && !last.isOver && last.cookie.fingerprint !== presented[0]?.fingerprint
  switch (why) {
    case 'no-cookie':
      return last && missingHint(last, about)
    case 'unsigned':
      return recalled.badSignature ?? 'unsigned'
    case 'bad-signature':
      return isOther ? 'overwritten' : 'other-keys'
    case 'malformed':
      if (about.hasNoRecord) return 'no-record'
      return isOther ? 'overwritten' : 'other-codec'
    case 'piece-missing':
      return 'piece-missing'
    case 'unknown-id':
      if (record === 'there') return 'store-forgets'
      if (record === 'over') return undefined
      if (isOther) return 'overwritten'
      return about.looksLikeRecord ? 'other-codec' : 'unknown-record'
    case 'expired':
    case 'idle':
      if (why === 'expired' && isShort(about.life)) return 'short-life'
      return about.life === undefined ? undefined : 'clock'
    case 'rotated-away':
    case 'earlier-generation':
      return 'old-token'
    case 'replayed':
      return 'copied-cookie'
    default:
      return undefined
  }
}

function ofChanges({ told, error }: Explained, about: Circumstances): SessionHint | undefined {
  // Who has gone is told nothing, whatever the application does.
  if (about.isLost && !about.isGone) return 'too-late'
  const isSet = told.some(({ does }) => does === 'set')
  if (about.isOver && about.hasSent && !isSet && !about.isGone && !error && !about.hasOwnTransport) return 'taken-away'
  if (about.isOver && about.isUnsaved && !about.isDropped && !error) return 'not-committed'
  return about.hasPrivateKeys ? 'private-keys' : undefined
}
