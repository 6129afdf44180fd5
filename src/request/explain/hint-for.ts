import type { SessionHint } from '../../session/explanation-words'
import type { SessionExplanation, ToldCookie } from './explanation'
import { attributeOf } from './told'

/** What of a request says why its session is not what somebody expects. */
export interface Circumstances {
  /** Whether the connection is encrypted, as far as the app knows. */
  readonly isSecure: boolean
  /** What a proxy says of that, whether or not the app believes it. */
  readonly forwardedProto: string
  readonly host: string
  readonly path: string
  /** `Sec-Fetch-Site` and `Sec-Fetch-Dest`. */
  readonly fetchSite: string
  readonly fetchDest: string
  readonly hasMiddleware: boolean
  /** Somebody has asked before the store was read, and got an empty session. */
  readonly wasEmptyBefore: boolean
  /** The cookie ends with the record, and not with the browser. */
  readonly isLasting: boolean
  /** The application carries the id itself. */
  readonly hasOwnTransport: boolean
  readonly hasStore: boolean
  /** A cookie holds what looks like a record in base64. */
  readonly looksLikeRecord: boolean
  readonly hasPrivateKeys: boolean
  /** The session holds a change that no commit has seen. */
  readonly isUnsaved: boolean
  /** The middleware is done with the request. */
  readonly isOver: boolean
}

/** What this process remembers of a client from before this request; there is some where sessions are debugged. */
export interface Recalled {
  /** The cookie that its last response set. */
  readonly told: ToldCookie | undefined
  /** The record that is not there was there, was to live longer, and was not ended by this process. */
  readonly hadRecord: boolean
}

export const NOTHING_RECALLED: Recalled = { told: undefined, hadRecord: false }

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

function ofError({ error }: Explained, { forwardedProto }: Circumstances): SessionHint | undefined {
  switch (error) {
    case 'ERR_SESSION_INSECURE':
      return forwardedProto === 'https' ? 'no-app-proxy' : 'plain-http'
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

function ofResponse({ why, told }: Explained, { host }: Circumstances): SessionHint | undefined {
  if (why === 'cross-site') return 'cross-site'
  const set = told.filter(({ does }) => does === 'set').map(({ attributes }) => attributes)
  if (set.some((each) => sameSiteOf(each) === 'none' && !has(each, 'secure'))) return 'same-site-none'
  return set.some((each) => !isUnderDomain(host, each)) ? 'other-domain' : undefined
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
  const isOther = recalled.told !== undefined && recalled.told.fingerprint !== presented[0]?.fingerprint
  switch (why) {
    case 'no-cookie':
      return ofMissing(explained, about, recalled.told)
    case 'unsigned':
      return 'unsigned'
    case 'bad-signature':
      return isOther ? 'overwritten' : 'other-keys'
    case 'malformed':
      return isOther ? 'overwritten' : 'other-codec'
    case 'piece-missing':
      return 'piece-missing'
    case 'unknown-id':
      if (about.looksLikeRecord) return 'other-codec'
      if (recalled.hadRecord) return 'store-forgets'
      return isOther ? 'overwritten' : 'unknown-record'
    case 'expired':
    case 'idle':
      return about.isLasting ? 'clock' : undefined
    case 'rotated-away':
    case 'earlier-generation':
      return 'old-token'
    case 'replayed':
      return 'copied-cookie'
    default:
      return undefined
  }
}

/** Why no cookie came, where one should have. */
function ofMissing(
  { told: tells }: Explained,
  about: Circumstances,
  told: ToldCookie | undefined,
): SessionHint | undefined {
  const last = told ?? tells.find(({ does }) => does === 'set')
  // A visitor who follows a link brings a cookie, unless that is strict.
  const isKeptFrom = about.fetchDest === 'document' ? ['strict'] : ['strict', 'lax', 'unset']
  if (last && about.fetchSite === 'cross-site' && isKeptFrom.includes(sameSiteOf(last.attributes))) return 'same-site'
  if (!told) return undefined
  const { attributes } = told
  if (!isUnderDomain(about.host, attributes)) return 'other-domain'
  if (has(attributes, 'secure') && !about.isSecure) return 'secure-lost'
  if (!isUnderPath(about.path, attributeOf(attributes, 'path') ?? '/')) return 'other-path'
  return 'not-sent-back'
}

function ofChanges({ told, session, written }: Explained, about: Circumstances): SessionHint | undefined {
  const isNews = session === 'new' || (session === 'loaded' && !about.hasStore)
  const isWritten = ['changed', 'save', 'regenerate', 'confirm', 'forced'].includes(written)
  if (isNews && isWritten && told.length === 0 && !about.hasOwnTransport) return 'too-late'
  if (about.isOver && about.isUnsaved) return 'not-committed'
  return about.hasPrivateKeys ? 'private-keys' : undefined
}

function has(attributes: readonly string[], name: string): boolean {
  return attributeOf(attributes, name) !== undefined
}

function sameSiteOf(attributes: readonly string[]): string {
  return attributeOf(attributes, 'samesite')?.toLowerCase() ?? 'unset'
}

/** Whether a host is one that a browser takes the cookie from (RFC 6265, section 5.1.3). */
function isUnderDomain(host: string, attributes: readonly string[]): boolean {
  const domain = attributeOf(attributes, 'domain')?.toLowerCase().replace(/^\./, '')
  if (domain === undefined || domain === '') return true
  return host.toLowerCase() === domain || host.toLowerCase().endsWith(`.${domain}`)
}

/** Whether a browser sends the cookie of this path to an address (RFC 6265, section 5.1.4). */
function isUnderPath(address: string, path: string): boolean {
  return address === path || address.startsWith(path.endsWith('/') ? path : `${path}/`)
}
