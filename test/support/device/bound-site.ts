import type Koa from 'koa'
import { session, type SessionOptions, type SessionService } from 'koa-session-service'
import { deviceBound, type DeviceBoundOptions } from 'koa-session-service/dbsc'
import { createApp, CookieJar, Visitor, type Answer } from '../app/app'
import { addHandlers, observe, type Handlers, type ReportedEvent } from '../app/site'
import { SoftwareDevice } from './software-device'

export interface Account {
  userId?: string
  [key: string]: unknown
}

/** How long a cookie is good on these sites, in milliseconds. */
export const LIFETIME = 60_000
/** Secrets as a binding takes them. */
export const LONG_KEYS = ['a test key of 32 bytes, or longer', 'an older key, which is long as well']
/** The cookie that goes to the protocol's path, and holds the token of a session in a store. */
export const LONG_LIVED = '__Secure-koa.sess.bound'
/** The cookie beside a session that rests in its own. */
export const BESIDE = '__Host-koa.sess.bound'
const REGISTER = '/device-bound-session/register'
const REFRESH = '/device-bound-session/refresh'

/** What the browser is told to do. */
export interface Instructions {
  session_identifier: string
  refresh_url: string
  continue?: boolean
  scope: { origin?: string; include_site: boolean; scope_specification: { type: string; path: string }[] }
  credentials: { type: string; name: string; attributes: string }[]
  allowed_refresh_initiators?: string[]
}

/** An app whose sessions are bound, behind a proxy that speaks HTTPS. */
export interface BoundSite {
  app: Koa
  sessions: SessionService<Account>
  errors: unknown[]
  events: ReportedEvent[]
  eventNames: () => Promise<string[]>
  /** Why sessions were not bound, in their order. */
  unbound: () => Promise<string[]>
  browser: (device?: SoftwareDevice) => BoundBrowser
}

export function createBoundSite(
  options: SessionOptions = {},
  binding: DeviceBoundOptions = {},
  handlers: Handlers = {},
): BoundSite {
  const app = createApp()
  app.keys = LONG_KEYS
  app.proxy = true
  const bound = deviceBound({ lifetime: LIFETIME, ...binding })
  const owner = ({ userId }: Account): string | undefined => userId
  const middleware = session<Account>({ owner, binding: bound, ...options } as SessionOptions<Account>, app)
  app.use(middleware)
  addHandlers(app, {
    '/login': (ctx) => void Object.assign(ctx.session, { userId: ctx.query.user ?? 'ann' }),
    '/logout': (ctx) => middleware.sessions.destroy(ctx),
    '/set': (ctx) => void Object.assign(ctx.session, ctx.query),
    '/bound': (ctx) => void (ctx.body = { isBound: middleware.sessions.isBound(ctx) }),
    ...handlers,
  })
  const { errors, events, eventNames } = observe(app)
  const unbound = async () => {
    await eventNames()
    return events.filter(({ name }) => name === 'unbound').map(({ detail }) => String(detail.reason))
  }
  const browser = (device = new SoftwareDevice()) => new BoundBrowser(app, device)
  return { app, sessions: middleware.sessions, errors, events, eventNames, unbound, browser }
}

/** Does what a browser does that binds sessions, one step at a time. */
export class BoundBrowser {
  readonly #app: Koa
  /** What it calls its binding; undefined as long as it has none. */
  id: string | undefined

  constructor(
    app: Koa,
    readonly device: SoftwareDevice,
    readonly visitor = new Visitor(app),
  ) {
    this.#app = app
  }

  get jar(): CookieJar {
    return this.visitor.jar
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.visitor.get(path, { ...HTTPS, ...headers })
  }

  /** Somebody with copies of these cookies, and another device. */
  copy(jar = this.jar.copy()): BoundBrowser {
    const copy = new BoundBrowser(this.#app, new SoftwareDevice(), new Visitor(this.#app, jar))
    copy.id = this.id
    return copy
  }

  /** Signs in, and registers the key as it is asked to. */
  async signIn(path = '/login'): Promise<Answer> {
    const answer = await this.register(this.device.register(offeredIn(await this.get(path))))
    if (answer.status !== 200) throw new Error(`the registration was answered with ${answer.status}: ${answer.body}`)
    this.id = answer.json<Instructions>().session_identifier
    return answer
  }

  register(proof: string): Promise<Answer> {
    return this.visitor.post(REGISTER, undefined, { ...HTTPS, 'secure-session-response': proof })
  }

  /** Asks for a refresh, with a proof or without. */
  ask(proof?: string, id = this.id, headers: Record<string, string> = {}): Promise<Answer> {
    const proofHeader: Record<string, string> = proof === undefined ? {} : { 'secure-session-response': proof }
    const idHeader: Record<string, string> = id === undefined ? {} : { 'sec-secure-session-id': `"${id}"` }
    return this.visitor.post(REFRESH, undefined, { ...HTTPS, ...headers, ...idHeader, ...proofHeader })
  }

  /** Refreshes in both steps. */
  async refresh(headers: Record<string, string> = {}): Promise<Answer> {
    const asked = await this.ask(undefined, this.id, headers)
    return asked.status === 403 ? this.ask(this.device.prove(challengeIn(asked)), this.id, headers) : asked
  }

  async session(): Promise<unknown> {
    return (await this.get('/')).json<{ session: unknown }>().session
  }

  async isBound(): Promise<boolean> {
    return (await this.get('/bound')).json<{ isBound: boolean }>().isBound
  }
}

const HTTPS = { 'x-forwarded-proto': 'https' }

/** The challenge of an offer to register. */
export function offeredIn({ headers }: Answer): string {
  const header = String(headers['secure-session-registration'])
  const [, challenge] =
    /^\(ES256 RS256\);path="\/device-bound-session\/register";challenge="([\w-]+)"$/.exec(header) ?? []
  if (challenge === undefined) throw new Error(`no registration is offered: ${header}`)
  return challenge
}

/** The challenge that is to be proven next. */
export function challengeIn({ headers }: Answer): string {
  const header = String(headers['secure-session-challenge'])
  const [, challenge] = /^"([\w-]+)";id="[\w-]+"$/.exec(header) ?? []
  if (challenge === undefined) throw new Error(`there is no challenge: ${header}`)
  return challenge
}
