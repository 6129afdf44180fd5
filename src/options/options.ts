import type { Context } from 'koa'
import type { Awaitable } from '../base/awaitable'
import type { ClearedData } from './values/clear-site-data'
import type { CookieOptions } from './values/cookie-options'
import type { CrossSite } from './values/cross-site'
import type { Bus } from '../contracts/bus'
import type { Codec } from '../contracts/codec'
import type { EndsOptions } from '../ends/ends-options'
import type { DeviceBinding } from '../contracts/device-binding'
import type { Store } from '../contracts/store'
import type { SessionError } from '../base/errors'
import type { Lifetime, SessionRecord } from '../session/record'
import type { Session, SessionData } from '../session/session'
import type { MergeConflict } from '../session/merge'
import type { DeviceInfo } from '../session/sign-in-info'
import type { Timeout } from './values/lifetime-policy'
import type { ExternalKey } from '../transports/external-key-transport'

/** A class, as a container takes one. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the container knows what its constructor takes
export type Class<T> = new (...dependencies: any[]) => T

/** Any container that can build an instance of a class. */
export interface Container {
  get<T>(type: Class<T>): T
  /** Whether the class is registered; without this method, every class is taken to be. */
  has?(type: Class<unknown>): boolean
}

/** Fail the request, or go on as if the visitor had no session. */
export type StoreErrorPolicy = 'throw' | 'anonymous'

/** What a session may be told: koa-session's options, then this library's. Times are in milliseconds. */
export interface SessionOptions<Data extends object = SessionData> extends CookieOptions {
  /** The cookie's name; it tells owners of services on one store apart, too. Default: `koa.sess`. */
  key?: string
  /** How long a session lives, or `'session'`: until the browser is closed. Default: 86,400,000, one day. */
  maxAge?: Lifetime
  /** Commits the session at the end of the request. Default: true; otherwise call `session.manuallyCommit()`. */
  autoCommit?: boolean
  /** Renews the session with every response to a valid one. Default: false. */
  rolling?: boolean
  /** Renews the session when less than half of its life is left. Default: false. */
  renew?: boolean
  /** Wraps the record into the cookie's text. Default: JSON in base64. */
  encode?: (record: SessionRecord<Data>) => string
  /** Unwraps what `encode` made. A SyntaxError that it throws starts a new session; another error is an error. */
  decode?: (text: string) => unknown
  /** Decides whether a session that was read is accepted. */
  valid?: (ctx: Context, record: SessionRecord<Data>) => Awaitable<unknown>
  /** Called before a session is written; may change it. */
  beforeSave?: (ctx: Context, session: Session<Data>) => Awaitable<unknown>
  /** Where records rest, or a class of it for the container to build. Default: in the cookie. */
  store?: Store | Class<Store>
  /** A class of stores, of which one is built per request as `new ContextStore(ctx)`, or by the container. */
  ContextStore?: Class<Store>
  /** Carries the session's id the application's own way instead of in a cookie. */
  externalKey?: ExternalKey
  /** Makes the id of a new session. Default: `prefix` and a version 4 UUID. */
  genid?: (ctx: Context) => Awaitable<string>
  /** What the default `genid` puts before its UUIDs. */
  prefix?: string
  /** @deprecated The old spelling of `maxAge`. */
  maxage?: Lifetime

  /** The property of `ctx` that the session is on. Default: `session`. */
  property?: string
  /**
   * How long a store keeps a record at least. Default: ten seconds longer than `maxAge`; one day where `maxAge` is
   * `'session'`. A session that is given a longer life with `session.maxAge` is kept as long as that needs.
   */
  ttl?: number
  /** Leaves a session in its store until it is asked for with {@link SessionService.load}. Default: false. */
  lazy?: boolean
  /** Whether the session is committed when the handler throws, or a function of the error. Default: true. */
  commitOnError?: boolean | ((error: unknown, ctx: Context) => boolean)
  /**
   * Ends a session not used for this many milliseconds. Every use renews it, as with `rolling`. A function says it for each session
   * by its data, undefined for no bound: "remember me", for example. Default: no such bound.
   */
  idleTimeout?: Timeout<Data>
  /** Ends a session so long after it began, used or not; may be a function of the data as well. Default: no such bound. */
  absoluteTimeout?: Timeout<Data>
  /** Wraps the record into the cookie's text, such as {@link sealed}. Default: JSON in base64, signed. */
  codec?: Codec
  /** Spreads a sealed record over so many cookies at most, 4 being the limit and 12 KB in all. Default: 1. */
  chunks?: number
  /**
   * Gives tokens a secret of which the store keeps a hash, so that a leaked store opens no session; events tell a
   * fingerprint instead of the id, and no record. Default: false.
   */
  hashTokens?: boolean
  /**
   * Names the account that a session belongs to, by a text that is not empty or a number; undefined where nobody is signed in. When it changes, the session changes
   * hands: its token is rotated, and every earlier one is dead. Tokens have secrets, as with `hashTokens`.
   */
  owner?: (data: Data) => string | number | null | undefined
  /**
   * How often the token of a signed-in session changes while its visitor works, in milliseconds, from 60,000 on: a copy of the
   * cookie that comes back is noticed then. Needs `owner`, `autoCommit`, and a store that writes on a condition. Experimental,
   * and outside of semantic versioning. Default: never.
   *
   * @example
   * app.use(session({ store: new MemoryStore(), owner: (data) => data.userId, rotateEvery: 10 * 60_000 }, app))
   */
  rotateEvery?: number
  /**
   * What a copy that comes back does: with `'end'` the session ends, for its owner too; with `'report'` the copy opens nothing,
   * and the event `replayed` tells of it. Experimental. Default: `'end'`.
   */
  onReplay?: 'end' | 'report'
  /**
   * How many sessions an owner may have at once: a sign-in beyond that ends those that signed in first. For stores with an
   * index by owner. Default: no such bound.
   */
  maxPerOwner?: number
  /**
   * What is kept of the device of a signed-in session, for {@link SessionService.list}: a plain object of 512 bytes as JSON at
   * most. It is kept beside the data, and written at the sign-in and with `seenEvery`. Default: nothing.
   */
  device?: (ctx: Context) => DeviceInfo
  /**
   * How often it is noted that a signed-in session is used, with the device that uses it: at most one write in that time, and
   * none for each read. For stores with an index by owner. Default: five minutes.
   */
  seenEvery?: number
  /**
   * What to do where the store cannot be read: fail with 503; go on with an empty session that is not written; or
   * whichever of the two a function returns. Writes of data that fail always are an error. Default: `'throw'`.
   */
  onStoreError?: StoreErrorPolicy | ((error: SessionError, ctx: Context) => StoreErrorPolicy)
  /** How long each call of the store may take. Default: ten seconds, as some drivers wait without end for a server that is gone. */
  storeTimeout?: number
  /**
   * Tells other processes what happens to sessions, such as `RedisBus`. Default: the one of the store, where it has one (a
   * {@link LayeredStore}); otherwise one within this process, which all services on the same store share.
   */
  bus?: Bus
  /** How often a session that is held by a signal is looked at in its store, whatever the bus says. Default: 30 seconds. */
  recheckEvery?: number
  /** Sets `Cache-Control: no-store` and `Vary: Cookie` on responses that used their session. Default: false. */
  preventCaching?: boolean
  /**
   * Keeps the session from pages of other sites: an unsafe request (not GET, HEAD or OPTIONS), and the handshake of a
   * websocket, that such a page has made is refused with 403 `ERR_SESSION_CROSS_SITE` before the handlers run; with
   * `'anonymous'` it goes on with an empty session that is neither read nor written. Takes the place of tokens against
   * cross-site request forgery. Default: off.
   *
   * @example
   * app.use(session({ crossSite: { trustedOrigins: ['https://accounts.example'], allow: (ctx) => ctx.path === '/hook' } }, app))
   */
  crossSite?: CrossSite
  /**
   * What the browser is to clear when its session ends, by `Clear-Site-Data`: `['cache', 'storage']` for example. Browsers
   * heed it over HTTPS. `'cookies'` clears those of every subdomain too. Default: nothing.
   */
  clearSiteData?: readonly ClearedData[]
  /** Decides what is kept where two requests have changed the same key. Default: the last one's. */
  onConflict?: MergeConflict<Data>
  /**
   * Binds signed-in sessions to their device: `deviceBound()` of `koa-session-service/dbsc`. Experimental, and outside of
   * semantic versioning. Default: a session's cookie is all that its holder needs.
   */
  binding?: DeviceBinding
  /**
   * Ends sessions by any key, in a store and in cookies, and makes a logout a logout where the session rests in its cookie:
   * their ids, owners, and what `by` makes of their data are kept in a small store of ends. See {@link SessionService.end}.
   * Default: a copy of a cookie opens its session until its time is past.
   *
   * @example
   * app.use(session({ owner: (data) => data.userId, ends: { store: new MemoryStore() } }, app))
   */
  ends?: EndsOptions<Data>
  /** Builds the `store` and the `ContextStore` that are given as classes. */
  container?: Container
  /** Lets the service find its request by itself, wherever it is called. Default: false. */
  asyncLocalStorage?: boolean
}

/** The options with every default filled in, frozen; `ctx.sessionOptions` is a copy of it for one request. */
export type ResolvedOptions = Readonly<
  Omit<SessionOptions<Record<string, unknown>>, 'maxage'> & {
    key: string
    maxAge: Lifetime
    autoCommit: boolean
    rolling: boolean
    renew: boolean
    property: string
    lazy: boolean
    commitOnError: boolean | ((error: unknown, ctx: Context) => boolean)
    storeTimeout: number
    seenEvery: number
    recheckEvery: number
  }
>

/** One day, in milliseconds: koa-session's default lifetime. */
export const ONE_DAY = 24 * 60 * 60 * 1000
/** How much longer than its cookie a record is kept, in milliseconds, so that it never expires first. */
export const STORE_GRACE = 10_000

const DEFAULTS: ResolvedOptions = {
  key: 'koa.sess',
  maxAge: ONE_DAY,
  autoCommit: true,
  overwrite: true,
  httpOnly: true,
  signed: true,
  rolling: false,
  renew: false,
  property: 'session',
  lazy: false,
  commitOnError: true,
  storeTimeout: 10_000,
  seenEvery: 5 * 60 * 1000,
  recheckEvery: 30_000,
}

/** Copies the options, fills in the defaults and freezes the result. Options that are null or undefined are not set. */
export function resolveOptions<Data extends object>(options: SessionOptions<Data>): ResolvedOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== null)
  const { maxage, ...rest } = Object.fromEntries(given) as SessionOptions<Record<string, unknown>>
  const resolved = { ...DEFAULTS, ...(maxage === undefined ? {} : { maxAge: maxage }), ...rest }
  if (resolved.idleTimeout !== undefined) resolved.rolling = true
  if (rest.signed === undefined && resolved.codec?.isSelfAuthenticating) resolved.signed = false
  return Object.freeze(resolved)
}

/** How long a store is to keep a record that lives for `left`, in milliseconds: a number, and longer than the cookie. */
export function ttlOf(left: Lifetime, ttl: number | undefined): number {
  if (left === 'session') return ttl ?? ONE_DAY
  return Math.max(left + STORE_GRACE, ttl ?? 0, 1)
}

/** Whether sessions rest in a store, and not in their cookies. */
export function usesStore({ store, ContextStore }: { store?: unknown; ContextStore?: unknown }): boolean {
  return Boolean(store ?? ContextStore)
}
