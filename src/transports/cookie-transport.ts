import Cookies from 'cookies'
import type { Context } from 'koa'
import { ContextSlot } from '../context-slot'
import { findCookies } from '../cookies/cookie-header'
import { addLines, CookieLines } from '../cookies/cookie-lines'
import { isReplaced, KoaCookiesSlot, type KoaCookies } from '../cookies/koa-cookies'
import { Signatures, signerOf, type SignatureKeys } from '../cookies/signatures'
import { isSameSiteNone, type CookieAttributes } from '../contracts/cookie-attributes'
import type { Presented, Transport } from '../contracts/transport'
import { SessionError } from '../errors'
import type { Lifetime } from '../record'

/** How long a Set-Cookie line may be for every browser to keep it, in bytes. */
const MAX_COOKIE_SIZE = 4096
/** How many pairs of value and signature are tried where a header repeats the cookie. */
const MAX_CANDIDATES = 64

/** The names that browsers accept on secure cookies alone (RFC 6265bis, section 4.1.3). */
const NEEDS_SECURE = /^__(host|secure)-/i

/** What is known of the cookie in one request. */
interface Exchange {
  /** The response sets it. */
  isWritten: boolean
  /** The value that was verified, where the first key has signed it: written again, it has the same signature. */
  value: string | undefined
  signature: string
  signer: unknown
}

/** Carries the token in a cookie, signed with `app.keys` as the `cookies` package does. */
export class CookieTransport implements Transport {
  readonly #name: string
  readonly #needsSecure: boolean
  readonly #signatures: Signatures
  readonly #lines: CookieLines
  readonly #cookies = new KoaCookiesSlot()
  readonly #exchanges = new ContextSlot<Exchange>('cookie')

  constructor(name: string) {
    this.#name = name
    this.#needsSecure = NEEDS_SECURE.test(name)
    this.#signatures = new Signatures(name)
    this.#lines = new CookieLines(name)
  }

  read(ctx: Context, { signed = false }: CookieAttributes): Presented[] {
    const header = ctx.req.headers.cookie
    if (!header) return []
    const cookies = this.#cookiesOf(ctx)
    if (cookies && isReplaced(cookies)) return presented([cookies.get(this.#name, { signed }) ?? ''])
    const { values, signatures } = findCookies(header, this.#name)
    if (!signed) return presented(values)
    if (values.length === 0 || signatures.length === 0) return []
    const verified = this.#verify(ctx, values, signatures, this.#keys(ctx, cookies))
    if (verified.length === 0) this.#dropSignature(ctx)
    return verified.length > 0 && values.includes('') ? verified.filter(({ token }) => token !== '') : verified
  }

  write(ctx: Context, token: string, attributes: CookieAttributes, maxAge: Lifetime): void {
    const cookies = this.#cookiesOf(ctx)
    const hasOwn = cookies !== undefined && isReplaced(cookies)
    const keys = attributes.signed && !hasOwn ? this.#keys(ctx, cookies) : undefined
    const secure = Boolean(cookies?.secure ?? ctx.secure)
    const needsSecure = attributes.secure || this.#needsSecure || isSameSiteNone(attributes.sameSite)
    if (needsSecure && !secure) throw insecure(this.#name)
    const line = this.#lines.line(token, maxAge, attributes, attributes.secure ?? secure)
    this.#checkSize(line)
    // One line for each cookie in a response: what this session has set before is replaced whatever the option says.
    const exchange = this.#exchange(ctx)
    const overwrite = attributes.overwrite === true || exchange.isWritten
    exchange.isWritten = true
    if (hasOwn) {
      const life = token === '' || maxAge === 'session' ? undefined : maxAge
      cookies.set(this.#name, token, { ...attributes, maxAge: life, overwrite } as Cookies.SetOption)
      return
    }
    const lines = [line]
    if (keys) {
      const isKnown = exchange.value === token && exchange.signer === signerOf(keys)
      const signature = isKnown ? exchange.signature : this.#signatures.sign(token, keys)
      lines.push(this.#lines.signatureLine(line, token, signature))
    }
    addLines(ctx.res, lines, { overwrite })
  }

  /** How many characters of a token fit into the cookie with these attributes. */
  capacity(attributes: CookieAttributes): number {
    return MAX_COOKIE_SIZE - this.#lines.line('', 'session', attributes, true).length
  }

  /** Whether this response has set it. */
  isSet(ctx: Context): boolean {
    return this.#exchange(ctx).isWritten
  }

  clear(ctx: Context, attributes: CookieAttributes): void {
    this.write(ctx, '', attributes, 'session')
  }

  #checkSize(line: string): void {
    const size = line.length < MAX_COOKIE_SIZE / 2 ? 0 : Buffer.byteLength(line)
    if (size <= MAX_COOKIE_SIZE) return
    throw new SessionError(
      'ERR_SESSION_COOKIE_TOO_LARGE',
      `The session cookie "${this.#name}" would be ${size} bytes long with its attributes, and browsers drop a cookie ` +
        `of more than ${MAX_COOKIE_SIZE}. Keep less in the session; or keep it in a store: session({ store }, app); or ` +
        'spread a sealed cookie over several with the option "chunks".',
    )
  }

  #verify(ctx: Context, values: string[], signatures: string[], keys: SignatureKeys): Presented[] {
    if (values.length === 1 && signatures.length === 1) return this.#verifyPair(ctx, values[0], signatures[0], keys)
    // Clients send a cookie and its signature in the same order: what stands in the same place is tried first.
    const pairs = values.flatMap((token, place) =>
      signatures.map((signature, other) => ({ token, signature, distance: Math.abs(place - other) })),
    )
    if (pairs.length > 1) pairs.sort((one, other) => one.distance - other.distance)
    return pairs
      .slice(0, MAX_CANDIDATES)
      .flatMap(({ token, signature }) => this.#verifyPair(ctx, token, signature, keys))
  }

  #verifyPair(ctx: Context, token: string, signature: string, keys: SignatureKeys): Presented[] {
    const place = this.#signatures.indexOf(token, signature, keys)
    if (place < 0) return []
    if (place === 0) {
      const exchange = this.#exchange(ctx)
      exchange.value = token
      exchange.signature = signature
      exchange.signer = signerOf(keys)
    }
    return [{ token, outdated: place > 0 }]
  }

  /** As the `cookies` package does: a signature that fits no value is of no more use. */
  #dropSignature(ctx: Context): void {
    if (ctx.headerSent) return
    ctx.cookies.set(`${this.#name}.sig`, null, { path: '/', signed: false })
    this.#exchange(ctx).isWritten = true
  }

  #exchange(ctx: Context): Exchange {
    return (
      this.#exchanges.of(ctx) ??
      this.#exchanges.set(ctx, { isWritten: false, value: undefined, signature: '', signer: undefined })
    )
  }

  /** Koa makes no cookies at all where its list of keys is empty. */
  #cookiesOf(ctx: Context): KoaCookies | undefined {
    const cookies = this.#cookies.of(ctx)
    const { keys } = ctx.app
    if (!cookies && Array.isArray(keys) && keys.length === 0) throw missingKeys(this.#name)
    return cookies
  }

  #keys(ctx: Context, cookies: KoaCookies | undefined): SignatureKeys {
    const keys = cookies ? cookies.keys : (ctx.app.keys as SignatureKeys | undefined)
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

function insecure(name: string): SessionError {
  return new SessionError(
    'ERR_SESSION_INSECURE',
    `The session cookie "${name}" goes over HTTPS only, and this connection is not encrypted. Behind a proxy that ` +
      'terminates TLS, set app.proxy = true; for plain HTTP in development, leave out secure.',
  )
}
