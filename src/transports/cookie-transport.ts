import Cookies from 'cookies'
import type { Context } from 'koa'
import { isSameSiteNone, type CookieAttributes } from '../contracts/cookie-attributes'
import type { Presented, Transport } from '../contracts/transport'
import { SessionError } from '../errors'

/** How long a Set-Cookie line may be for every browser to keep it, in bytes. */
const MAX_COOKIE_SIZE = 4096
/** How many pairs of value and signature are tried where a header repeats the cookie. */
const MAX_CANDIDATES = 64

/** The names that browsers accept on secure cookies alone (RFC 6265bis, section 4.1.3). */
const NEEDS_SECURE = /^__(host|secure)-/i

/** What of `ctx.cookies` is used beside `get` and `set`. */
interface KoaCookies {
  keys?: { index(data: string, digest: string): number }
  secure?: boolean
}
type SignatureKeys = NonNullable<KoaCookies['keys']>

/** Carries the token in a cookie, signed with `app.keys` as the `cookies` package does. */
export class CookieTransport implements Transport {
  readonly #name: string
  readonly #values: RegExp
  readonly #signatures: RegExp
  readonly #written = new WeakSet<object>()

  constructor(name: string) {
    this.#name = name
    this.#values = cookiePattern(name)
    this.#signatures = cookiePattern(`${name}.sig`)
  }

  read(ctx: Context, { signed = false }: CookieAttributes): Presented[] {
    const header = ctx.headers.cookie
    if (!header) return []
    this.#checkKeys(ctx)
    if (isReplaced(ctx.cookies)) return presented([ctx.cookies.get(this.#name, { signed }) ?? ''])
    const values = captures(header, this.#values)
    if (values.length === 0) return []
    if (!signed) return presented(values.slice(0, MAX_CANDIDATES))
    const signatures = captures(header, this.#signatures)
    if (signatures.length === 0) return []
    const verified = this.#verify(values, signatures, this.#keys(ctx))
    if (verified.length === 0) this.#dropSignature(ctx)
    return verified.filter(({ token }) => token !== '')
  }

  write(ctx: Context, token: string, attributes: CookieAttributes): void {
    this.#set(ctx, token, attributes)
  }

  /** How many characters of a token fit into the cookie with these attributes. */
  capacity(attributes: CookieAttributes): number {
    return MAX_COOKIE_SIZE - sizeOf(this.#name, '', { ...attributes, secure: true, expires: new Date(0) })
  }

  /** Whether this response has set it. */
  isSet(ctx: Context): boolean {
    return this.#written.has(ctx.res)
  }

  clear(ctx: Context, attributes: CookieAttributes): void {
    this.#set(ctx, '', { ...attributes, expires: new Date(0), maxAge: undefined })
  }

  #set(ctx: Context, value: string, attributes: CookieAttributes): void {
    this.#checkKeys(ctx)
    const { secure = ctx.secure } = ctx.cookies as KoaCookies
    if (attributes.signed && !isReplaced(ctx.cookies)) this.#keys(ctx)
    const needsSecure = attributes.secure || NEEDS_SECURE.test(this.#name) || isSameSiteNone(attributes.sameSite)
    if (needsSecure && !secure) throw insecure(this.#name)
    this.#checkSize(value, { ...attributes, secure: attributes.secure ?? secure })
    // One line for each cookie in a response: what this session has set before is replaced whatever the option says.
    const overwrite = attributes.overwrite || this.#written.has(ctx.res)
    this.#written.add(ctx.res)
    ctx.cookies.set(this.#name, value, { ...attributes, overwrite } as Cookies.SetOption)
  }

  #checkSize(value: string, attributes: CookieAttributes): void {
    const { path = '', domain = '' } = attributes
    if (value.length + path.length + domain.length < MAX_COOKIE_SIZE / 2) return
    const size = sizeOf(this.#name, value, attributes)
    if (size <= MAX_COOKIE_SIZE) return
    throw new SessionError(
      'ERR_SESSION_COOKIE_TOO_LARGE',
      `The session cookie "${this.#name}" would be ${size} bytes long with its attributes, and browsers drop a cookie ` +
        `of more than ${MAX_COOKIE_SIZE}. Keep less in the session; or keep it in a store: session({ store }, app); or ` +
        'spread a sealed cookie over several with the option "chunks".',
    )
  }

  #verify(values: string[], signatures: string[], keys: SignatureKeys): Presented[] {
    // Clients send a cookie and its signature in the same order: what stands in the same place is tried first.
    const pairs = values.flatMap((token, place) =>
      signatures.map((signature, other) => ({ token, signature, distance: Math.abs(place - other) })),
    )
    if (pairs.length > 1) pairs.sort((one, other) => one.distance - other.distance)
    return pairs.slice(0, MAX_CANDIDATES).flatMap(({ token, signature }) => {
      const index = keys.index(`${this.#name}=${token}`, signature)
      return index < 0 ? [] : [{ token, outdated: index > 0 }]
    })
  }

  /** As the `cookies` package does: a signature that fits no value is of no more use. */
  #dropSignature(ctx: Context): void {
    if (ctx.headerSent) return
    ctx.cookies.set(`${this.#name}.sig`, null, { path: '/', signed: false })
    this.#written.add(ctx.res)
  }

  /** Koa makes no cookies at all where its list of keys is empty. */
  #checkKeys(ctx: Context): void {
    const { keys } = ctx.app
    if (Array.isArray(keys) && keys.length === 0) throw missingKeys(this.#name)
  }

  #keys(ctx: Context): SignatureKeys {
    const { keys } = ctx.cookies as KoaCookies
    if (keys) return keys
    throw missingKeys(this.#name)
  }
}

function missingKeys(name: string): SessionError {
  return new SessionError(
    'ERR_SESSION_KEYS_MISSING',
    `The session cookie "${name}" is signed, and app.keys is not set. Set app.keys = ['a long random secret'] before ` +
      'the first request, or pass signed: false to trust whatever the client sends.',
  )
}

function presented(tokens: string[]): Presented[] {
  return tokens.filter((token) => token !== '').map((token) => ({ token }))
}

function sizeOf(name: string, value: string, attributes: CookieAttributes): number {
  return Buffer.byteLength(new Cookies.Cookie(name, value, attributes as Cookies.SetOption).toHeader())
}

/** Whether the application has put cookies of its own in place of Koa's, or wrapped their `get`. */
function isReplaced(cookies: object): boolean {
  return Object.hasOwn(cookies, 'get') || cookies.constructor?.name !== 'Cookies'
}

function insecure(name: string): SessionError {
  return new SessionError(
    'ERR_SESSION_INSECURE',
    `The session cookie "${name}" goes over HTTPS only, and this connection is not encrypted. Behind a proxy that ` +
      'terminates TLS, set app.proxy = true; for plain HTTP in development, leave out secure.',
  )
}

function cookiePattern(name: string): RegExp {
  return new RegExp(`(?:^|;) *${name.replace(/[\^$\\.*+?()[\]{}|]/g, '\\$&')}=([^;]*)`, 'g')
}

function captures(header: string, pattern: RegExp): string[] {
  const values = Array.from(header.matchAll(pattern), ([, value = '']) => value).slice(0, MAX_CANDIDATES)
  return values.map((value) => (value[0] === '"' ? value.slice(1, -1) : value))
}
