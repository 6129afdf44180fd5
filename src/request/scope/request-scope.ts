import { fingerprint } from '../../session/token'
import type { Context } from 'koa'
import type { Awaitable } from '../../base/awaitable'
import { debug } from '../../base/debug'
import { monotonic } from '../../base/monotonic'
import type { Backend } from '../../contracts/backend'
import type { CookieAttributes } from '../../contracts/cookie-attributes'
import type { ConditionalContext, Versioned } from '../../contracts/store'
import type { SessionConfig } from '../../config/config'
import { cookieAttributes } from '../../options/values/cookie-options'
import type { ResolvedOptions } from '../../options/options'
import { endEvent } from '../../session/end-event'
import type { EndedReason, SessionEvents } from '../../session/events'
import type { CookieFate, WrittenBecause } from '../../session/explanation-words'
import type { MergeConflict, MergeOptions } from '../../session/merge'
import type { Arrival } from '../../ends/beginning'
import type { Beginning } from './acting-since'
import { inCall, inHook } from './hooks'
import { Stage } from './stage'
import { withRefusal, withTrouble, type Trouble } from './trouble'
import { Turn } from './turn'
import { lifetimeOf, type Lifetime, type LifetimePolicy, type SessionRecord } from '../../session/record'

/** One request, with everything that its session needs to know of it. */
export class RequestScope {
  readonly ctx: Context
  readonly config: SessionConfig
  readonly stage = new Stage()
  /** The lifetime of the record, or of the options. */
  #maxAge: Lifetime
  #chosenMaxAge: Lifetime | undefined
  #wasRead = false
  #backend: Backend | undefined
  #turn: Turn | undefined
  #options: ResolvedOptions | undefined
  #whenEnded: (() => void)[] | undefined
  #trouble: Trouble | undefined
  #written: WrittenBecause = 'nothing'

  /** When the request came, by this process's monotonic clock: what its sign-in is judged by. */
  readonly #began: number
  /** The same in milliseconds since 1970; undefined without the option `rotateEvery`. */
  readonly came: number | undefined
  /** What was known of ends when the request came; undefined without the option `ends`. */
  #arrival: Arrival | undefined
  /** Whose sessions this request itself has ended: what it does for them from there on came later. */
  #revoked: ReadonlyMap<string, Beginning> | undefined

  constructor(ctx: Context, config: SessionConfig) {
    this.ctx = ctx
    this.config = config
    this.#maxAge = config.options.maxAge
    this.#began = config.options.owner || config.ends ? monotonic() : 0
    this.came = config.rotation && Date.now()
    this.#arrival = config.ends?.arriveAt(this.#began)
  }

  get arrival(): Arrival | undefined {
    return this.#arrival
  }

  /** The request itself has ended sessions: what it does from here on came later. */
  arriveAnew(): void {
    this.#arrival = this.config.ends?.arriveAt(monotonic())
  }

  /** Since when the request acts for an owner: since it came; or since it has ended that owner's sessions itself. */
  beginningFor(owner: string): Beginning {
    return this.#revoked?.get(owner) ?? { at: this.#began, mark: undefined }
  }

  /** @param mark the owner's, which this request has set, where that is known */
  noteRevoked(owner: string, mark: number | undefined): void {
    this.#revoked = new Map([...(this.#revoked ?? []), [owner, { at: monotonic(), mark }]])
  }

  /** Whether there is no response that could carry anything. */
  get isOutside(): boolean {
    return false
  }

  /** The lifetime that the session is written with. */
  get maxAge(): Lifetime {
    return this.#chosenMaxAge ?? this.#maxAge
  }

  /** The lifetime that this request has chosen; undefined where it is the record's own. */
  get chosenMaxAge(): Lifetime | undefined {
    return this.#chosenMaxAge
  }

  chooseMaxAge(maxAge: Lifetime | undefined): void {
    this.#chosenMaxAge = maxAge
  }

  /** What was chosen is the session's lifetime until another record is read. */
  unchooseMaxAge(): void {
    this.#maxAge = this.maxAge
    this.#chosenMaxAge = undefined
  }

  followMaxAge(record: SessionRecord): void {
    this.#maxAge = lifetimeOf(record) ?? this.config.options.maxAge
  }

  /** Whether the application has asked for the session. */
  get wasRead(): boolean {
    return this.#wasRead
  }

  noteRead(): void {
    this.#wasRead = true
  }

  /** What went wrong, for who asks why the session is what it is. */
  get trouble(): Trouble | undefined {
    return this.#trouble
  }

  noteRefusal(token: string, fate: CookieFate): void {
    this.#trouble = withRefusal(this.#trouble, token, fate)
  }

  noteFailure(failure: unknown): void {
    this.noteTrouble({ failure })
  }

  noteTrouble(more: Parameters<typeof withTrouble>[1]): void {
    this.#trouble = withTrouble(this.#trouble, more)
  }

  /** What failed before went well now. */
  noteOvercome(): void {
    if (this.#trouble?.failure !== undefined) this.noteTrouble({ failure: undefined })
  }

  /** The last thing that was written, for who asks; that there was no need for another write does not count. */
  get written(): WrittenBecause {
    return this.#written
  }

  noteWritten(because: WrittenBecause): void {
    if (because !== 'nothing') this.#written = because
  }

  /** `ctx.sessionOptions`: this request's own copy of the options; its `maxAge` is the session's. */
  get options(): ResolvedOptions {
    return (this.#options ??= Object.defineProperty({ ...this.config.options }, 'maxAge', {
      enumerable: true,
      get: () => this.maxAge,
      set: (maxAge: Lifetime) => {
        if (this.#chosenMaxAge === undefined) this.#maxAge = maxAge
        else this.#chosenMaxAge = maxAge
      },
    }))
  }

  /** The options that are in force for this request. */
  get settings(): ResolvedOptions {
    return this.#options ?? this.config.options
  }

  get backend(): Backend {
    return (this.#backend ??= this.config.backendOf(this.ctx))
  }

  /** This request's turn among those that work on the same session. */
  get turn(): Turn {
    return (this.#turn ??= new Turn(this.config.keyedLock))
  }

  /** What a store is told: one for each call, as a call may add to it. */
  get storeContext(): ConditionalContext {
    return { rolling: this.settings.rolling, ctx: this.ctx }
  }

  /** What a store is told with a record of this owner. */
  storeContextFor(owner: string | undefined): ConditionalContext {
    return owner === undefined ? this.storeContext : { ...this.storeContext, owner }
  }

  /** A plain store is told of a secret only where there can be one: otherwise it is told what koa-session tells it. */
  load(
    key: string,
    { hasSecret }: { hasSecret: boolean } = { hasSecret: this.config.usesSecrets },
  ): Awaitable<Versioned | null | undefined> {
    const context = this.storeContext
    if (hasSecret) context.knowsSecrets = true
    return this.backend.load(key, context)
  }

  /** What bounds the life of a session with these data, or those of a record. */
  policyOf(data: object): LifetimePolicy {
    return inCall(this, () => this.config.policyOf(data))
  }

  /** How changes are merged. */
  get mergeOptions(): MergeOptions {
    const { onConflict } = this.config.options
    const decide: MergeConflict = (...versions) => inHook(this, () => (onConflict as MergeConflict)(...versions))
    return { serializer: this.backend.serializer, onConflict: onConflict && decide }
  }

  /** The account that data, or those of a record, belong to. */
  ownerOf(data: object): string | undefined {
    return inCall(this, () => this.config.ownerOf(data))
  }

  /** The cookie's attributes. */
  get attributes(): CookieAttributes {
    return (this.#options ? undefined : this.config.attributes) ?? cookieAttributes(this.settings, this.ctx)
  }

  /** Calls back when this request has ended its session. */
  whenEnded(listener: () => void): void {
    this.#whenEnded = [...(this.#whenEnded ?? []), listener]
  }

  noteEnd(): void {
    this.noteOvercome()
    this.#written = 'removed'
    for (const listener of this.#whenEnded ?? []) listener()
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

  /** Removes the record of a session of which a copy came back; a scope that is traced tells of it. */
  traceReplay(_id: string, remove: () => Awaitable<boolean>): Awaitable<boolean> {
    return remove()
  }

  /** Reports that this request has ended a session in the store. */
  reportEnd(id: string, owner: string | undefined, reason: EndedReason): void {
    this.report('ended', id, endEvent(id, owner, reason))
  }
}
