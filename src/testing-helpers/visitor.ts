import type { Context } from 'koa'
import type { Awaitable } from '../base/awaitable'
import { SessionError } from '../base/errors'
import { isSameSiteNone } from '../contracts/cookie-attributes'
import { setCookieLines } from '../cookies/cookie-lines'
import { rulesOfName } from '../cookies/name-prefixes'
import { cookieAttributes } from '../options/values/cookie-options'
import { SessionService } from '../service'
import { browserCookies, type BrowserCookie, type StorageState } from './browser-cookies'
import { CookieJar } from './cookie-jar'
import { addressOf, contextOf } from './made-request'
import { setCookieLinesOf, type CookieResponse } from './set-cookie'

/** The options of {@link visit}. */
export interface VisitOptions {
  /**
   * The address that their requests ask for: its host is what `ctx.hostname` is, and `https:` what `ctx.secure` is.
   * Default: `http://localhost/`, or `https:` where the session's cookie needs it.
   */
  url?: string
  /**
   * Further headers of theirs; a function of the token where the option `externalKey` carries it in one of them:
   * `headers: (token) => ({ 'x-session': token ?? '' })`.
   */
  headers?: Record<string, string> | ((token: string | undefined) => Record<string, string>)
}

/** One request of a visitor, for {@link Visitor.run}. */
export interface RunOptions {
  /** Default: GET. */
  method?: string
  /** Relative to the visitor's own address. Default: that. */
  url?: string
}

/** Someone who visits the app in a test, with cookies as a browser keeps them. Make one with {@link visit}. */
export class Visitor<Data extends object> {
  readonly #sessions: SessionService<Data>
  readonly #options: VisitOptions
  readonly #jar = new CookieJar()
  readonly #url: URL
  #token: string | undefined

  /** Use {@link visit}, which signs them in. */
  constructor(sessions: SessionService<Data>, options: VisitOptions) {
    check(sessions, options)
    if (sessions.options.externalKey && typeof options.headers !== 'function') throw cannotPresent()
    this.#sessions = sessions
    this.#options = options
    this.#url = options.url === undefined ? this.#defaultUrl() : addressOf(options.url)
  }

  /**
   * The headers of their requests, for fetch and supertest: the cookies; and `x-forwarded-proto: https`, as the proxy sends
   * it, where they come over HTTPS and `app.proxy` is on. They are live: read them for every request.
   */
  get headers(): Record<string, string> {
    const cookie = this.#jar.header
    const { headers = {} } = this.#options
    const isForwarded = this.#sessions.app.proxy && this.#url.protocol === 'https:'
    return {
      ...(typeof headers === 'function' ? headers(this.#token) : headers),
      ...(isForwarded ? { 'x-forwarded-proto': 'https' } : {}),
      ...(cookie === '' ? {} : { cookie }),
    }
  }

  /**
   * The cookies for Playwright's `context.addCookies()`.
   *
   * @param url where the browser finds the site
   * @throws {SessionError} `ERR_SESSION_OPTIONS` where no browser would send them there
   */
  cookies(url: string): BrowserCookie[] {
    return browserCookies(this.#jar.cookies, url)
  }

  /** The same as a state for Playwright's `browser.newContext({ storageState })`. */
  storageState(url: string): StorageState {
    return { cookies: this.cookies(url), origins: [] }
  }

  /** What is stored of their session now: a copy of the data; undefined where they have none, or it is over. */
  async session(): Promise<Data | undefined> {
    const session = await this.#sessions.load(this.request())
    return session && !session.isNew ? (session.toJSON() as Data) : undefined
  }

  /**
   * Takes over the cookies of a response, as a browser does, and returns the response. fetch follows redirects by itself and
   * drops their cookies: pass it `redirect: 'manual'`. With the option `externalKey` a response tells nothing here.
   *
   * @throws {SessionError} `ERR_SESSION_BAD_VALUE` for what is no response
   */
  follow<Response extends CookieResponse>(response: Response): Response {
    this.#jar.accept(setCookieLinesOf(response))
    return response
  }

  /**
   * Runs work as a request of theirs, behind the session middleware alone: it is committed at the end, and its cookies are
   * taken over. A service that is called in it finds its request with the option `asyncLocalStorage`.
   *
   * @returns what the work returns
   */
  async run<Result>(work: (ctx: Context) => Awaitable<Result>, options: RunOptions = {}): Promise<Result> {
    const ctx = this.request(options)
    let result: Result | undefined
    try {
      await this.#sessions.middleware()(ctx, async () => void (result = await work(ctx)))
    } finally {
      this.#jar.accept(setCookieLines(ctx.res))
    }
    if (this.#sessions.options.externalKey) await this.#noteToken(ctx)
    return result as Result
  }

  /** A request of theirs that nothing has handled yet. */
  request({ method = 'GET', url = '' }: RunOptions = {}): Context {
    return contextOf(this.#sessions.app, { method, url: addressOf(url, this.#url), headers: this.headers })
  }

  /** With `externalKey`, no cookie tells what they hold now. */
  async #noteToken(ctx: Context): Promise<void> {
    const session = await this.#sessions.load(ctx)
    this.#token = session?.populated ? session.externalKey : undefined
  }

  #defaultUrl(): URL {
    const url = new URL('http://localhost/')
    const { app, options } = this.#sessions
    const { secure, sameSite } = cookieAttributes(options, contextOf(app, { method: 'GET', url, headers: {} }))
    if (secure || isSameSiteNone(sameSite) || rulesOfName(options.key).needsSecure) url.protocol = 'https:'
    return url
  }
}

function check(sessions: unknown, options: VisitOptions): void {
  if (!(sessions instanceof SessionService)) {
    throw new SessionError(
      'ERR_SESSION_OPTIONS',
      `A visitor was to be made of a value of type ${typeof sessions}, and it takes a SessionService: ` +
        'session(options, app).sessions, what useSessions(app) returns, or new SessionService(app, options).',
    )
  }
  const unknown = Object.keys(options).find((name) => name !== 'url' && name !== 'headers')
  if (unknown === undefined) return
  throw new SessionError(
    'ERR_SESSION_OPTIONS',
    `A visitor has no option "${unknown}". There are "url" and "headers", and "method" for fakeContext().`,
  )
}

function cannotPresent(): SessionError {
  return new SessionError(
    'ERR_SESSION_OPTIONS',
    'The option "externalKey" carries the token, and only the application knows how a client presents it. Pass ' +
      "visit(sessions, data, { headers: (token) => ({ 'x-session': token ?? '' }) }) with the header of yours.",
  )
}
