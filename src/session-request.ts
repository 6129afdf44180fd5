import type { Context } from 'koa'
import type { SessionConfig } from './config'
import { cookieAttributes } from './cookie-options'
import type { Backend } from './contracts/backend'
import type { CookieAttributes } from './contracts/cookie-attributes'
import type { StoreRequest } from './contracts/store'
import { debug, fingerprint } from './debug'
import { SessionError } from './errors'
import type { SessionEvents } from './events'
import type { ResolvedOptions } from './options'
import { dataOf, type Dictionary, type Lifetime } from './record'

/** One request, with everything that its session's life cycle needs to know of it. */
export class SessionRequest {
  readonly ctx: Context
  readonly config: SessionConfig
  /** The lifetime that the session is written with. */
  maxAge: Lifetime
  /** Whether this request chose it: otherwise it is the record's own. */
  isMaxAgeChosen = false
  /** Whether the application has asked for the session. */
  wasAccessed = false
  /** Whether the response says something of the session. */
  wasClientTold = false
  #backend: Backend | undefined
  #options: ResolvedOptions | undefined

  constructor(ctx: Context, config: SessionConfig) {
    this.ctx = ctx
    this.config = config
    this.maxAge = config.options.maxAge
  }

  /** `ctx.sessionOptions`: this request's own copy of the options; its `maxAge` is the session's. */
  get options(): ResolvedOptions {
    return (this.#options ??= Object.defineProperty({ ...this.config.options }, 'maxAge', {
      enumerable: true,
      get: () => this.maxAge,
      set: (maxAge: Lifetime) => (this.maxAge = maxAge),
    }))
  }

  /** The options that are in force for this request. */
  get settings(): ResolvedOptions {
    return this.#options ?? this.config.options
  }

  get backend(): Backend {
    return (this.#backend ??= this.config.backendOf(this.ctx))
  }

  get storeRequest(): StoreRequest {
    return { rolling: this.settings.rolling, ctx: this.ctx }
  }

  /** What a store is told with a record of this owner. */
  storeRequestFor(owner: string | undefined): StoreRequest {
    return owner === undefined ? this.storeRequest : { ...this.storeRequest, owner }
  }

  /** The account that data, or those of a record, belong to. */
  ownerOf(data: Dictionary): string | undefined {
    const { owner } = this.config.options
    const account = owner?.(dataOf(data)) ?? undefined
    return account === undefined ? undefined : String(account)
  }

  /** The cookie's attributes. */
  get attributes(): CookieAttributes {
    return (this.#options ? undefined : this.config.attributes) ?? cookieAttributes(this.settings, this.ctx)
  }

  /** Whether the request goes on although the store has failed. */
  tolerates(error: unknown): error is SessionError {
    if (!(error instanceof SessionError) || error.code !== 'ERR_SESSION_STORE') return false
    // A renewal that failed is no matter to a request that has not asked for its session.
    if (this.config.isLazyStore && !this.wasAccessed) return true
    const { onStoreError = 'throw' } = this.config.options
    const policy = typeof onStoreError === 'function' ? onStoreError(error, this.ctx) : onStoreError
    return policy === 'anonymous'
  }

  report<Name extends keyof SessionEvents>(
    name: Name,
    id: string | undefined,
    detail: Omit<SessionEvents[Name], 'ctx' | 'session'>,
  ): void {
    const session = fingerprint(id)
    debug('%s: %s', name, session)
    this.config.emit(name, { session, ...detail, ctx: this.ctx } as unknown as SessionEvents[Name])
  }

  /** Reports that what the client presented was not accepted: without id and data, where these are kept from others. */
  reject(name: 'missed' | 'expired' | 'invalid', id: string | undefined, value: unknown): void {
    const { hashIds, codec } = this.config.options
    if (hashIds || codec?.isSelfAuthenticating) this.report(name, id, { key: id && fingerprint(id), value: undefined })
    else this.report(name, id, { key: id, value })
  }
}
