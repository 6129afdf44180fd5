import Cookies from 'cookies'
import type Koa from 'koa'
import type { Context } from 'koa'
import { ContextSlot } from '../base/context-slot'
import { findCookies } from '../cookies/cookie-header'
import { addLines, CookieLines, removeLines } from '../cookies/cookie-lines'
import { forgetCookies } from '../cookies/keep-cookies'
import { isReplaced, KoaCookiesSlot, type KoaCookies } from '../cookies/koa-cookies'
import { checkHonoured, refuseUnhonoured } from '../cookies/protected-cookies'
import { rulesOfName } from '../cookies/name-prefixes'
import { MAX_COMPUTED, Signatures, signerOf, type SignatureKeys } from '../cookies/signatures'
import { isSameSiteNone, type CookieAttributes } from '../contracts/cookie-attributes'
import { MAX_TOKENS, type Presented, type Transport } from '../contracts/transport'
import { SessionError } from '../base/errors'
import type { Lifetime } from '../session/record'

/** How long a Set-Cookie line may be for every browser to keep it, in bytes. */
const MAX_COOKIE_SIZE = 4096
/** The length of the longest signature in use: base64url of SHA-512. */
const SIGNATURE_LENGTH = 86

const NOTHING: Presented = { tokens: [] }

/** What is known of the cookie in one request. */
interface CookieState {
  /** The response sets it. */
  isWritten: boolean
  /** The value that was verified, where the first key has signed it: written again, it has the same signature. */
  value: string | undefined
  signature: string
  signer: unknown
}

/** What a cookie is beside its name and its attributes. */
export interface CookieSurroundings {
  /** Whose keys sign it. A middleware of this app may serve a request of another one. Default: the request's own app. */
  readonly app?: Pick<Koa, 'keys'>
  /** Options that are none of ours, for a `ctx.cookies` in the place of Koa's. */
  readonly others?: Readonly<Record<string, unknown>>
}

/** Carries the token in a cookie, signed with `app.keys` as the `cookies` package does. */
export class CookieTransport implements Transport {
  readonly #name: string
  readonly #needsSecure: boolean
  readonly #signatures: Signatures
  readonly #lines: CookieLines
  readonly #cookies = new KoaCookiesSlot()
  readonly #exchanges = new ContextSlot<CookieState>('cookie')
  readonly #app: CookieSurroundings['app']
  readonly #others: CookieSurroundings['others']

  constructor(name: string, { app, others }: CookieSurroundings = {}) {
    this.#name = name
    this.#app = app
    this.#others = others
    this.#needsSecure = rulesOfName(name).needsSecure
    this.#signatures = new Signatures(name)
    this.#lines = new CookieLines(name)
  }

  /** @param maxSignatures how many signatures may be computed where the header repeats the cookie */
  read(ctx: Context, { signed = false }: CookieAttributes, maxSignatures = MAX_COMPUTED): Presented {
    const header = ctx.req.headers.cookie
    if (!header) return NOTHING
    const cookies = this.#cookiesOf(ctx)
    if (cookies && isReplaced(cookies)) return presented([cookies.get(this.#name, { ...this.#others, signed }) ?? ''])
    const { values, signatures, isCut } = findCookies(header, this.#name)
    if (!signed) return presented(values, isCut)
    if (values.length === 0 || signatures.length === 0) return NOTHING
    const keys = this.#keys(ctx, cookies)
    if (values.length === 1 && signatures.length === 1) return this.#readPair(ctx, values[0], signatures[0], keys)
    const { found, isComplete } = this.#signatures.match(values, signatures, keys, maxSignatures)
    // A good signature that a crowd of planted cookies has hidden is not to be deleted.
    const isPartial = isCut || !isComplete
    if (found.length === 0) return { tokens: [], hasStraySignature: !isPartial, isCut: isPartial }
    const newest = found.find(({ place }) => place === 0)
    if (newest) this.#note(ctx, newest.value, newest.signature, keys)
    const good = found.filter(({ value }) => value !== '')
    const tokens = good.slice(0, MAX_TOKENS).map(({ value, place }) => ({ token: value, outdated: place > 0 }))
    return { tokens, isCut: isPartial || good.length > MAX_TOKENS }
  }

  write(ctx: Context, token: string, attributes: CookieAttributes, maxAge: Lifetime): void {
    if (typeof token !== 'string') throw notText(this.#name, token)
    const cookies = this.#cookiesOf(ctx)
    const hasOwn = cookies !== undefined && isReplaced(cookies)
    const keys = attributes.signed && !hasOwn ? this.#keys(ctx, cookies) : undefined
    const secure = Boolean(cookies?.secure ?? ctx.secure)
    const needsSecure = attributes.secure || this.#needsSecure || isSameSiteNone(attributes.sameSite)
    if (needsSecure && !secure) throw insecure(this.#name, attributes)
    const line = this.#lines.line(token, maxAge, attributes, attributes.secure ?? secure)
    this.#checkSize(line)
    // One line for each cookie in a response: what this session has set before is replaced whatever the option says.
    const exchange = this.#stateOf(ctx)
    const overwrite = attributes.overwrite === true || exchange.isWritten
    exchange.isWritten = true
    if (hasOwn) {
      const life = token === '' || maxAge === 'session' ? undefined : maxAge
      const removal = token === '' ? { expires: new Date(0) } : undefined
      const all = { ...this.#others, ...attributes, ...removal, maxAge: life, overwrite }
      cookies.set(this.#name, token, all as Cookies.SetOption)
      checkHonoured(ctx, this.#name, token, this.#others)
      return
    }
    refuseUnhonoured(this.#name, this.#others)
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

  /** How many bytes a token takes in the Cookie header of the requests that bring it back. */
  returnedSize(token: string, { signed = false }: CookieAttributes): number {
    const size = `${this.#name}=; `.length + token.length
    return signed ? size + `${this.#name}.sig=; `.length + SIGNATURE_LENGTH : size
  }

  /** Whether the client has it, as far as the request and the response so far tell. */
  isHeld(ctx: Context): boolean {
    if (this.#exchanges.of(ctx)?.isWritten) return true
    const { cookie = '' } = ctx.req.headers
    return findCookies(cookie, this.#name).values.some((value) => value !== '')
  }

  clear(ctx: Context, attributes: CookieAttributes): void {
    this.write(ctx, '', attributes, 'session')
  }

  retract(ctx: Context): void {
    if (!this.#stateOf(ctx).isWritten) return
    const cookies = [this.#name, `${this.#name}.sig`]
    removeLines(ctx.res, cookies)
    forgetCookies(ctx.res, cookies)
  }

  /** As the `cookies` package does. */
  dropSignature(ctx: Context): void {
    ctx.cookies.set(`${this.#name}.sig`, null, { path: '/', signed: false })
    this.#stateOf(ctx).isWritten = true
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

  #readPair(ctx: Context, value: string, signature: string, keys: SignatureKeys): Presented {
    const place = this.#signatures.indexOf(value, signature, keys)
    if (place < 0) return { tokens: [], hasStraySignature: true }
    if (place === 0) this.#note(ctx, value, signature, keys)
    return { tokens: value === '' ? [] : [{ token: value, outdated: place > 0 }] }
  }

  /** Remembers a signature of the first key: where the response repeats the value, it is good for that too. */
  #note(ctx: Context, value: string, signature: string, keys: SignatureKeys): void {
    const exchange = this.#stateOf(ctx)
    exchange.value = value
    exchange.signature = signature
    exchange.signer = signerOf(keys)
  }

  #stateOf(ctx: Context): CookieState {
    return (
      this.#exchanges.of(ctx) ??
      this.#exchanges.set(ctx, { isWritten: false, value: undefined, signature: '', signer: undefined })
    )
  }

  /** Koa makes no cookies at all where its list of keys is empty. */
  #cookiesOf(ctx: Context): KoaCookies | undefined {
    const cookies = this.#cookies.of(ctx)
    const keys = this.#ownKeys(ctx) ?? ctx.app.keys
    if (!cookies && Array.isArray(keys) && keys.length === 0) throw missingKeys(this.#name)
    return cookies
  }

  #keys(ctx: Context, cookies: KoaCookies | undefined): SignatureKeys {
    const given = this.#ownKeys(ctx) ?? ctx.app.keys
    // An environment variable that is set and empty makes a key that everybody knows.
    if (Array.isArray(given) && given.some((key: unknown) => !key)) throw emptyKey(this.#name)
    const keys = this.#ownKeys(ctx) ?? (cookies ? cookies.keys : ctx.app.keys)
    if (keys) return keys
    throw missingKeys(this.#name)
  }

  /** The keys of an app that serves a request of another one: the cookie is the same wherever that app is mounted. */
  #ownKeys(ctx: Context): SignatureKeys | undefined {
    return this.#app && this.#app !== ctx.app ? this.#app.keys : undefined
  }
}

function missingKeys(name: string): SessionError {
  return new SessionError(
    'ERR_SESSION_KEYS_MISSING',
    `The session cookie "${name}" is signed, and app.keys is not set. Set app.keys = ['a long random secret'] before ` +
      'the first request, or pass signed: false to trust whatever the client sends.',
  )
}

function emptyKey(name: string): SessionError {
  return new SessionError(
    'ERR_SESSION_KEYS_MISSING',
    `The session cookie "${name}" is signed, and app.keys has a key that is empty: anybody could sign with it. Look at where the ` +
      "keys come from, such as an environment variable that is not set; and set app.keys = ['a long random secret'].",
  )
}

function presented(values: string[], isCut = false): Presented {
  const distinct = values.length > 1 ? [...new Set(values)] : values
  const tokens = distinct.filter((value) => value !== '')
  return { tokens: tokens.slice(0, MAX_TOKENS).map((token) => ({ token })), isCut: isCut || tokens.length > MAX_TOKENS }
}

function notText(name: string, token: unknown): SessionError {
  return new SessionError(
    'ERR_SESSION_NOT_SERIALIZABLE',
    `The session cookie "${name}" takes a text, and was given a value of type ${typeof token}. Return a string from ` +
      'the option "encode", or from the method "encode" of the codec.',
  )
}

function insecure(name: string, attributes: CookieAttributes): SessionError {
  return new SessionError(
    'ERR_SESSION_INSECURE',
    `The session cookie "${name}" goes over HTTPS only, and this connection is not encrypted. Behind a proxy that ` +
      `terminates TLS, set app.proxy = true. For plain HTTP in development, ${cureWithoutTls(name, attributes)}.`,
  )
}

function cureWithoutTls(name: string, { sameSite }: CookieAttributes): string {
  const key = rulesOfName(name).needsSecure ? ', and a key without that prefix' : ''
  return `pass secure: 'auto'${isSameSiteNone(sameSite) ? ", sameSite: 'lax'" : ''}${key}`
}
