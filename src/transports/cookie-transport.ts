import Cookies from 'cookies'
import type { Context } from 'koa'
import type { CookieAttributes } from '../contracts/cookie-attributes'
import type { Presented, Transport } from '../contracts/transport'
import { SessionError } from '../errors'

/** How long a Set-Cookie line may be for every browser to keep it, in bytes. */
const MAX_COOKIE_SIZE = 4096
/** How many pairs of value and signature are tried where a header repeats the cookie. */
const MAX_CANDIDATES = 16

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

  constructor(name: string) {
    this.#name = name
    this.#values = cookiePattern(name)
    this.#signatures = cookiePattern(`${name}.sig`)
  }

  read(ctx: Context, { signed = false }: CookieAttributes): Presented | undefined {
    const header = ctx.headers.cookie
    if (!header) return undefined
    if (isReplaced(ctx.cookies)) return presented(ctx.cookies.get(this.#name, { signed }))
    const values = captures(header, this.#values)
    if (values.length === 0) return undefined
    if (!signed) return presented(values[0])
    const signatures = captures(header, this.#signatures)
    if (signatures.length === 0) return undefined
    return this.#verified(values, signatures, this.#keys(ctx)) ?? this.#dropSignature(ctx)
  }

  write(ctx: Context, token: string, attributes: CookieAttributes): void {
    this.#set(ctx, token, attributes)
  }

  clear(ctx: Context, attributes: CookieAttributes): void {
    this.#set(ctx, '', { ...attributes, expires: new Date(0), maxAge: undefined })
  }

  #set(ctx: Context, value: string, attributes: CookieAttributes): void {
    const { secure = ctx.secure } = ctx.cookies as KoaCookies
    if (attributes.signed) this.#keys(ctx)
    if (attributes.secure && !secure) throw insecure(this.#name)
    const options = attributes as Cookies.SetOption
    this.#checkSize(value, options)
    ctx.cookies.set(this.#name, value, options)
  }

  #checkSize(value: string, options: Cookies.SetOption): void {
    if (value.length < MAX_COOKIE_SIZE / 2) return
    const size = Buffer.byteLength(new Cookies.Cookie(this.#name, value, options).toHeader())
    if (size <= MAX_COOKIE_SIZE) return
    throw new SessionError(
      'ERR_SESSION_COOKIE_TOO_LARGE',
      `The session cookie "${this.#name}" would be ${size} bytes long, and browsers drop a cookie of more than ` +
        `${MAX_COOKIE_SIZE}. Keep less in the session, or keep it in a store: session({ store }, app).`,
    )
  }

  #verified(values: string[], signatures: string[], keys: SignatureKeys): Presented | undefined {
    let candidates = 0
    for (const value of values) {
      for (const signature of signatures) {
        if (++candidates > MAX_CANDIDATES) return undefined
        const index = keys.index(`${this.#name}=${value}`, signature)
        if (index >= 0) return presented(value, index > 0)
      }
    }
    return undefined
  }

  /** As the `cookies` package does: a signature that fits no value is of no more use. */
  #dropSignature(ctx: Context): undefined {
    ctx.cookies.set(`${this.#name}.sig`, null, { path: '/', signed: false })
  }

  #keys(ctx: Context): SignatureKeys {
    const { keys } = ctx.cookies as KoaCookies
    if (keys) return keys
    throw new SessionError(
      'ERR_SESSION_KEYS_MISSING',
      `The session cookie "${this.#name}" is signed, and app.keys is not set. Set app.keys = ['a long random secret'] ` +
        'before the first request, or pass signed: false to trust whatever the client sends.',
    )
  }
}

function presented(token: string | undefined, outdated = false): Presented | undefined {
  return token ? { token, outdated } : undefined
}

/** Whether the application has put cookies of its own in place of Koa's, or wrapped their `get`. */
function isReplaced(cookies: object): boolean {
  return Object.hasOwn(cookies, 'get') || cookies.constructor?.name !== 'Cookies'
}

function insecure(name: string): SessionError {
  return new SessionError(
    'ERR_SESSION_INSECURE',
    `The session cookie "${name}" has secure: true, and this connection is not encrypted. Behind a proxy that ` +
      'terminates TLS, set app.proxy = true; for plain HTTP in development, leave out secure.',
  )
}

function cookiePattern(name: string): RegExp {
  return new RegExp(`(?:^|;) *${name.replace(/[\^$\\.*+?()[\]{}|]/g, '\\$&')}=([^;]*)`, 'g')
}

function captures(header: string, pattern: RegExp): string[] {
  return Array.from(header.matchAll(pattern), ([, value = '']) => (value[0] === '"' ? value.slice(1, -1) : value))
}
