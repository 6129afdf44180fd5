import type { IncomingHttpHeaders } from 'node:http'
import type { Context } from 'koa'
import { atOnce } from '../../base/awaitable'
import { SessionError } from '../../base/errors'
import type { CrossSitePolicy } from '../../options/values/cross-site'
import { nested } from './hooks'

/** What of a request tells where it comes from. */
export interface RequestOrigin {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  /** The host that the client asked for, with its port: `ctx.host`, which knows of proxies. */
  readonly host: string
  /** `https` or `http`, as far as the server knows: `ctx.protocol`. */
  readonly protocol: string
}

/** Methods by which an application changes nothing (RFC 9110, section 9.2.1). */
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']
/** How much of a header an error repeats. */
const MAX_QUOTED = 100

/**
 * Whether a page of another site has made an unsafe request: the first row that fits. Its test is this table.
 *
 * | when | cross-site |
 * | --- | --- |
 * | the method is safe, and it is no handshake of a websocket | no |
 * | `Sec-Fetch-Site` is `same-origin`, or `none`: typed in by the visitor | no |
 * | there is neither `Sec-Fetch-Site` nor `Origin`: it is no browser | no |
 * | `Origin` is a trusted one | no |
 * | `Sec-Fetch-Site` is anything else, `same-site` too | yes |
 * | `Origin` has the host that was asked for, and is not plain where the connection is encrypted | no |
 * | otherwise, such as with `Origin: null` | yes |
 *
 * Source: Fetch Metadata Request Headers (W3C), and the algorithm of CrossOriginProtection in Go 1.25.
 */
export function isCrossSite(request: RequestOrigin, trusted: ReadonlySet<string>): boolean {
  const { method, headers, host, protocol } = request
  if (isSafe(method, headers)) return false
  const site = headers['sec-fetch-site']
  const { origin } = headers
  if (site === 'same-origin' || site === 'none' || (!site && !origin)) return false
  if (origin && trusted.has(origin)) return false
  return Boolean(site) || !isOwnOrigin(origin as string, host, protocol)
}

/**
 * Why this request may not have its session; undefined where it may.
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS` where `allow` returns a promise, `ERR_SESSION_NESTED` where it asks for the session
 */
export function crossSiteError(ctx: Context, policy: CrossSitePolicy): SessionError | undefined {
  const { method } = ctx
  const { headers } = ctx.req
  // Nearly every request ends here.
  if (isSafe(method, headers)) return undefined
  if (!isCrossSite({ method, headers, host: ctx.host, protocol: ctx.protocol }, policy.trustedOrigins)) return undefined
  return policy.allow && isAllowed(ctx, policy.allow) ? undefined : foreign(ctx)
}

function isSafe(method: string, headers: IncomingHttpHeaders): boolean {
  return SAFE_METHODS.includes(method) && !isHandshake(headers)
}

/** A websocket opens with a GET, and whatever comes over it counts as done by the visitor. */
function isHandshake({ upgrade }: IncomingHttpHeaders): boolean {
  return upgrade !== undefined && /\bwebsocket\b/i.test(upgrade)
}

function isOwnOrigin(origin: string, host: string, protocol: string): boolean {
  const theirs = parse(origin)
  if (theirs?.origin !== origin) return false
  // A network attacker can forge a plain-HTTP page of any host.
  if (/^(https|wss)$/.test(protocol) && theirs.protocol === 'http:') return false
  // Behind a proxy that the app does not know of, the connection is plain, and the page is not. Its scheme also says
  // which port a proxy may have added to the host.
  return parse(`${theirs.protocol}//${host}`)?.host === theirs.host
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}

/** The request that `allow` is asked of right now. */
let asked: Context | undefined

/** Whether `allow` is asked of this request right now: it is not to ask for the session. */
export function isCrossSiteAsked(ctx: Context): boolean {
  return asked === ctx
}

function isAllowed(ctx: Context, allow: (ctx: Context) => boolean): boolean {
  if (asked === ctx) throw nested('by "crossSite.allow"', 'It decides by the request alone, its path for example.')
  const before = asked
  asked = ctx
  try {
    return atOnce<unknown>(allow(ctx), allowedLater) === true
  } finally {
    asked = before
  }
}

function allowedLater(): SessionError {
  return new SessionError(
    'ERR_SESSION_OPTIONS',
    '"crossSite.allow" returned a promise. It returns true or false at once: decide by the request, its path for example.',
  )
}

function foreign(ctx: Context): SessionError {
  const quote = (name: string): string => {
    const value = ctx.get(name)
    return value === '' ? 'absent' : JSON.stringify(value.slice(0, MAX_QUOTED))
  }
  return new SessionError(
    'ERR_SESSION_CROSS_SITE',
    `A ${ctx.method} for ${ctx.host} came from a page of another site: Sec-Fetch-Site is ${quote('Sec-Fetch-Site')}, Origin ` +
      `is ${quote('Origin')}. If it is to have its session, name that origin in "crossSite.trustedOrigins", or let "crossSite.allow" ` +
      'return true for it. Behind a proxy, set app.proxy = true, so that X-Forwarded-Host is the host.',
    { status: 403 },
  )
}
