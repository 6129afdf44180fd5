import type { Context } from 'koa'
import type { Awaitable } from './contracts/awaitable'
import type { CookieAttributes } from './contracts/cookie-attributes'
import type { Store } from './contracts/store'
import type { Lifetime, SessionRecord } from './record'
import type { Session, SessionData } from './session'
import type { MergeConflict } from './snapshot'
import type { ExternalKey } from './transports/external-key-transport'

/** A class, as a container takes one. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the container knows what its constructor takes
export type Class<T> = new (...dependencies: any[]) => T

/** Any container that can build an instance of a class. */
export interface Container {
  get<T>(type: Class<T>): T
  /** Whether the class is registered; without this method, every class is taken to be. */
  has?(type: Class<unknown>): boolean
}

/** What a session may be told: koa-session's options, then this library's. Times are in milliseconds. */
export interface SessionOptions<Data extends object = SessionData> extends Omit<CookieAttributes, 'maxAge'> {
  /** The cookie's name. Default: `koa.sess`. */
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
  store?: Store<Data> | Class<Store<Data>>
  /** A class of stores, of which one is built per request as `new ContextStore(ctx)`, or by the container. */
  ContextStore?: Class<Store<Data>>
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
  /** Decides what is kept where two requests have changed the same key. Default: the last one's. */
  onConflict?: MergeConflict<Data>
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
  }
>

/** One day, in milliseconds: koa-session's default lifetime. */
export const ONE_DAY = 24 * 60 * 60 * 1000
/** How much longer than its cookie a record is kept, in milliseconds, so that it never expires first. */
export const STORE_GRACE = 10_000

const DEFAULTS = {
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
} as const

const COOKIE_ATTRIBUTES = [
  'httpOnly',
  'signed',
  'overwrite',
  'secure',
  'sameSite',
  'domain',
  'path',
  'partitioned',
  'priority',
  'expires',
] as const satisfies readonly (keyof CookieAttributes)[]

/** Copies the options, fills in the defaults and freezes the result. Options that are null or undefined are not set. */
export function resolveOptions<Data extends object>(options: SessionOptions<Data>): ResolvedOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== null)
  const { maxage, ...rest } = Object.fromEntries(given) as SessionOptions<Record<string, unknown>>
  return Object.freeze({ ...DEFAULTS, ...(maxage === undefined ? {} : { maxAge: maxage }), ...rest })
}

/** The cookie attributes among the options. */
export function attributesOf(options: Omit<ResolvedOptions, 'maxAge'>): CookieAttributes {
  const attributes: Record<string, unknown> = {}
  for (const name of COOKIE_ATTRIBUTES) if (options[name] !== undefined) attributes[name] = options[name]
  return attributes
}

/** How long a store is to keep a record of this lifetime, in milliseconds: always a number, and longer than the cookie. */
export function ttlOf(maxAge: Lifetime, ttl: number | undefined): number {
  if (maxAge === 'session') return ttl ?? ONE_DAY
  return Math.max(maxAge + STORE_GRACE, ttl ?? 0)
}
