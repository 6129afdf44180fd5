import type { Context } from 'koa'
import { SessionError } from '../../base/errors'
import type { SessionConfig } from '../../config/config'
import { setCookieLines } from '../../cookies/cookie-lines'
import { inspectCookies, verifyingKeys } from '../../cookies/inspect-cookies'
import { isReplaced } from '../../cookies/koa-cookies'
import type { CookieFate } from '../../session/explanation-words'
import { SessionModel } from '../../session/session-model'
import { parseToken } from '../../session/token'
import { CrossSiteSession } from '../cross-site-session'
import { isUnsaved } from '../early-change'
import { departureOf, hasResponse } from '../scope/response-state'
import type { RequestSession } from '../session/request-session'
import type { Circumstances } from './circumstances'
import type { ExplainFacts } from './facts'

/**
 * Gathers what a request has anyway. Nothing is read from the store, and no function of the application's own is called.
 *
 * @param departure of the client, where it was noted before the application has ended the response
 */
export function factsOf(
  ctx: Context,
  session: RequestSession,
  config: SessionConfig,
  departure = departureOf(ctx),
): ExplainFacts {
  const { options, hasStore, cookies: names, binding } = config
  const { scope, state } = session
  const header = readable(() => ctx.req.headers.cookie, undefined) ?? ''
  const cookies = options.externalKey ? [] : inspectCookies(header, names, keysFor(ctx, session, config))
  const facts: Omit<ExplainFacts, 'circumstances'> = {
    cookie: options.key,
    cookies,
    tokens: session.persistence.client.presented,
    refusals: new Map(scope.trouble?.refusals),
    standing: state.current.name,
    tookPlace: state.tookPlace,
    unread: unreadOf(session),
    isSpread: names.length > 1,
    leftover: leftoverOf(ctx, config),
    isCrossSite: session instanceof CrossSiteSession,
    hasStore,
    id: session.stored?.id,
    written: scope.written,
    failure: scope.trouble?.failure,
    // What never went out was told to nobody.
    ...(departure === 'unanswered' ? UNTOLD : linesOf(ctx, binding ? [...names, binding.cookie] : names)),
    endedBy: scope.trouble?.endedBy,
    now: Date.now(),
  }
  return {
    ...facts,
    circumstances: { ...requestOf(ctx), isGone: departure !== 'stayed', ...sessionOf(ctx, session, config, facts) },
  }
}

/** What a context that is no real one, or is the application's own, may fail to tell. */
export function readable<T, Otherwise>(read: () => T, otherwise: Otherwise): T | Otherwise {
  try {
    return read()
  } catch {
    return otherwise
  }
}

/** An option that is a function is not asked again: it is known whether a signature was asked for. */
function keysFor(
  ctx: Context,
  { scope, persistence }: RequestSession,
  { app }: SessionConfig,
): ReturnType<typeof verifyingKeys> {
  const isSigned = persistence.client.wasSigned ?? scope.settings.signed === true
  return isSigned ? readable(() => verifyingKeys(ctx, app), undefined) : undefined
}

function unreadOf({ state: { readFailure } }: RequestSession): ExplainFacts['unread'] {
  if (!readFailure) return undefined
  const { error } = readFailure
  return error instanceof SessionError && error.code === 'ERR_SESSION_STORE' ? 'store-error' : 'failed'
}

/** Why a cookie that nothing is wrong with holds no token. */
function leftoverOf(ctx: Context, { cookies, binding }: SessionConfig): CookieFate {
  if (cookies.length > 1) return 'piece-missing'
  if (binding) return 'unproven-device'
  const own = Object.hasOwn(ctx.app.context, 'cookies') || Object.hasOwn(ctx, 'cookies')
  return own && isReplaced(ctx.cookies) ? 'bad-signature' : 'passed-over'
}

const UNTOLD = { lines: [], lostSignatures: [] }

function linesOf(ctx: Context, names: readonly string[]): Pick<ExplainFacts, keyof typeof UNTOLD> {
  const all = hasResponse(ctx) ? setCookieLines(ctx.res) : []
  const isOf = (line: string, name: string): boolean => line.startsWith(`${name}=`)
  const alone = names.filter((name) => !all.some((line) => isOf(line, name)))
  return {
    lines: all.filter((line) => names.some((name) => isOf(line, name))),
    lostSignatures: all.filter((line) => alone.some((name) => line.startsWith(`${name}.sig=;`))),
  }
}

type OfRequest =
  | 'method'
  | 'isSecure'
  | 'isProxied'
  | 'forwardedProto'
  | 'forwardedHost'
  | 'host'
  | 'path'
  | 'origin'
  | 'fetchSite'
  | 'fetchDest'
  | 'storageAccess'

function requestOf(ctx: Context): Pick<Circumstances, OfRequest> {
  const header = (name: string): string => readable(() => ctx.get(name), '')
  const first = (name: string): string => header(name).split(',')[0].trim()
  return {
    method: ctx.method,
    isSecure: readable(() => ctx.secure, false),
    isProxied: ctx.app.proxy,
    forwardedProto: first('X-Forwarded-Proto'),
    forwardedHost: first('X-Forwarded-Host'),
    host: readable(() => ctx.hostname, ''),
    path: readable(() => ctx.path, ''),
    origin: header('Origin'),
    fetchSite: header('Sec-Fetch-Site'),
    fetchDest: header('Sec-Fetch-Dest'),
    storageAccess: header('Sec-Fetch-Storage-Access'),
  }
}

function sessionOf(
  ctx: Context,
  session: RequestSession,
  { options, hasStore, ends }: SessionConfig,
  { cookies, tokens = [], refusals }: Omit<ExplainFacts, 'circumstances'>,
): Omit<Circumstances, OfRequest | 'isGone'> {
  const { scope, state, hasMiddleware } = session
  const { lost, isDropped = false } = scope.trouble ?? {}
  const isNeeded = lost === 'data' || lost === 'id' || (lost === 'removal' && !hasStore && !ends)
  return {
    hasMiddleware,
    wasEmptyBefore: state.wasEmptyBefore,
    life: scope.maxAge === 'session' ? undefined : scope.maxAge,
    isAutoSecure: scope.settings.secure === 'auto',
    hasOwnTransport: options.externalKey !== undefined,
    hasStore,
    looksLikeRecord: cookies.some(({ value }) => looksLikeRecord(value)),
    hasNoRecord: hasStore && tokens.some(({ token }) => refusals.get(token) === 'malformed' && parseToken(token)),
    hasPrivateKeys: hasPrivateKeys(session),
    isUnsaved: isUnsaved(session),
    isDropped,
    isLost: isNeeded && hasResponse(ctx),
    hasSent: session.persistence.client.hasSent,
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

function hasPrivateKeys({ state, scope }: RequestSession): boolean {
  const session = state.current.name === 'open' ? state.current.session : undefined
  return scope.trouble?.hasPrivateKeys || (session !== undefined && SessionModel.hasPrivateKeys(session))
}
