import type { SessionHint } from '../../session/explanation-words'
import type { Circumstances } from './circumstances'
import type { LastTold } from './recollection'
import { attributeOf } from './told'
import { domainOf, isUnderDomain, isUnderPath, sameSiteOf } from './told-cookie'

/** What a browser fetches without cookies, unless it is asked for them. */
const BARE = ['font', 'manifest']
const FRAMES = ['iframe', 'frame', 'embed', 'object']
const SAFE = ['GET', 'HEAD']
/** A minute, in milliseconds. */
const SHORT = 60_000

/** Why no cookie came, where the client was told to keep one. */
export function missingHint(
  { cookie: { attributes }, host, isAwaited, isSure, isOver, life }: LastTold,
  about: Circumstances,
): SessionHint | undefined {
  if (isOver) return isShort(life) ? 'short-life' : undefined
  // A browser asks for leave without cookies, too.
  if (about.method === 'OPTIONS' || BARE.includes(about.fetchDest)) return undefined
  if (!isUnderDomain(about.host, attributes)) {
    return about.forwardedHost !== '' && !about.isProxied ? 'no-app-proxy' : 'other-domain'
  }
  if (domainOf(attributes) === undefined && host.toLowerCase() !== about.host.toLowerCase()) return 'other-host'
  if (isKeptBack(attributes, about)) return 'same-site'
  if (attributeOf(attributes, 'secure') !== undefined && !about.isSecure) return 'secure-lost'
  if (!isUnderPath(about.path, attributes)) return 'other-path'
  // Another visitor of the same address may just have come for the first time; or it was sent beside the request that was told.
  return isAwaited && isSure ? 'not-sent-back' : undefined
}

/** Whether a session lives for so short a time that its seconds were meant to be more: in milliseconds. */
export function isShort(life: number | undefined): boolean {
  return life !== undefined && life < SHORT
}

/** Whether a browser keeps the cookie from a request because of the site that has made it. */
function isKeptBack(attributes: readonly string[], about: Circumstances): boolean {
  const sameSite = sameSiteOf(attributes)
  const { fetchSite, fetchDest, storageAccess } = about
  if (storageAccess === 'none') return attributeOf(attributes, 'partitioned') === undefined
  if (sameSite === 'none') return false
  // A link within a frame is of the same site, and the page around the frame is not.
  if (FRAMES.includes(fetchDest) && fetchSite !== '') return true
  if (fetchSite !== 'cross-site') return false
  return sameSite === 'strict' || !isLink(about)
}

/** Whether a visitor has followed a link to a page, or typed in its address. */
export function isLink({ method, fetchDest }: Circumstances): boolean {
  return fetchDest === 'document' && SAFE.includes(method)
}
