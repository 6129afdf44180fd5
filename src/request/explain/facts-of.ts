import type { Context } from 'koa'
import type { SessionConfig } from '../../config/config'
import { setCookieLines } from '../../cookies/cookie-lines'
import { inspectCookies, verifyingKeys, type InspectedCookie } from '../../cookies/inspect-cookies'
import { isReplaced } from '../../cookies/koa-cookies'
import type { CookieFate } from '../../session/explanation-words'
import { CrossSiteSession } from '../cross-site-session'
import { isUnsaved } from '../early-change'
import { hasResponse } from '../scope/response-state'
import type { RequestSession } from '../session/request-session'
import type { ExplainFacts } from './facts'
import type { Circumstances } from './hint-for'

/** Gathers what a request has anyway. Nothing is read from the store, and the application is asked nothing that could fail. */
export function factsOf(ctx: Context, session: RequestSession, config: SessionConfig): ExplainFacts {
  const { options, hasStore, cookies: names, binding } = config
  const { scope, state } = session
  const header = ctx.req.headers.cookie ?? ''
  const cookies = options.externalKey ? [] : inspectCookies(header, names, keysFor(ctx, session, config))
  const told = binding ? [...names, binding.cookie] : names
  return {
    cookie: options.key,
    cookies,
    tokens: session.persistence.client.presented,
    refusals: new Map(scope.trouble?.refusals),
    standing: state.current.name,
    tookPlace: state.tookPlace,
    isUnread: state.hasFailedToRead,
    isSpread: names.length > 1,
    leftover: leftoverOf(ctx, config),
    isCrossSite: session instanceof CrossSiteSession,
    hasStore,
    id: session.stored?.id,
    written: scope.written,
    failure: scope.trouble?.failure,
    lines: hasResponse(ctx) ? linesOf(ctx, told) : [],
    now: Date.now(),
    circumstances: circumstancesOf(ctx, session, config, cookies),
  }
}

function keysFor(ctx: Context, { scope }: RequestSession, { app }: SessionConfig): ReturnType<typeof verifyingKeys> {
  try {
    return scope.attributes.signed ? verifyingKeys(ctx, app) : undefined
  } catch {
    // An option of the application's own may fail for this request.
    return undefined
  }
}

/** Why a cookie that nothing is wrong with holds no token. */
function leftoverOf(ctx: Context, { cookies, binding }: SessionConfig): CookieFate {
  if (cookies.length > 1) return 'piece-missing'
  if (binding) return 'unproven-device'
  const own = Object.hasOwn(ctx.app.context, 'cookies') || Object.hasOwn(ctx, 'cookies')
  return own && isReplaced(ctx.cookies) ? 'bad-signature' : 'passed-over'
}

function linesOf(ctx: Context, names: readonly string[]): string[] {
  return setCookieLines(ctx.res).filter((line) => names.some((name) => line.startsWith(`${name}=`)))
}

function circumstancesOf(
  ctx: Context,
  session: RequestSession,
  config: SessionConfig,
  cookies: readonly InspectedCookie[],
): Circumstances {
  const { options, hasStore } = config
  const { scope, state, hasMiddleware } = session
  return {
    isSecure: ctx.secure,
    forwardedProto: ctx.get('X-Forwarded-Proto').split(',')[0].trim(),
    host: ctx.hostname,
    path: ctx.path,
    fetchSite: ctx.get('Sec-Fetch-Site'),
    fetchDest: ctx.get('Sec-Fetch-Dest'),
    hasMiddleware,
    wasEmptyBefore: state.wasEmptyBefore,
    isLasting: scope.maxAge !== 'session',
    hasOwnTransport: options.externalKey !== undefined,
    hasStore,
    looksLikeRecord: cookies.some(({ value }) => looksLikeRecord(value)),
    hasPrivateKeys: hasPrivateKeys(session),
    isUnsaved: isUnsaved(session),
    isOver: !scope.stage.isBefore && !scope.stage.isServing,
  }
}

/** Whether a value is what a session without a store and without a codec has in its cookie. */
function looksLikeRecord(value: string): boolean {
  try {
    const record: unknown = JSON.parse(Buffer.from(value, 'base64').toString())
    return typeof record === 'object' && record !== null
  } catch {
    return false
  }
}

function hasPrivateKeys({ state }: RequestSession): boolean {
  const session = state.current.name === 'open' ? state.current.session : undefined
  return session !== undefined && Object.keys(session).some((key) => key.startsWith('_'))
}
