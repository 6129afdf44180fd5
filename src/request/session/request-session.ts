import type { Awaitable } from '../../base/awaitable'
import type { EndedReason } from '../../session/events'
import type { Lifetime } from '../../session/record'
import { SessionModel, type SessionHost } from '../../session/session-model'
import { VERB_TRAITS, type CommitVerb } from '../commit/commit-plan'
import { Draft } from '../commit/draft'
import { refuseInHook } from '../scope/hooks'
import type { Persistence } from './persistence'
import { emitError } from '../scope/emit-error'
import type { RequestScope } from '../scope/request-scope'
import { assign } from './assign'
import { beginAnew } from './begin-anew'
import { Commits } from './commits'
import { EarlyToken } from './early-token'
import { once } from './once'
import type { OnceCall } from './once-call'
import { SessionState } from './session-state'
import { signalIn } from '../outside/signal'
import { notLoaded } from './state'
import { Verbs } from './verbs'
import type { Stored } from '../open/stored'

/** One request's session, as the application sees it: closed, open or ended; and the verbs, one after the other. */
export class RequestSession implements SessionHost {
  /** The request that it is the session of. */
  readonly scope: RequestScope
  readonly persistence: Persistence
  readonly state: SessionState
  readonly #commits: Commits
  #verbs: Verbs | undefined
  #earlyToken: EarlyToken | undefined
  /** Whether the middleware has come. */
  hasMiddleware = false

  constructor(scope: RequestScope, persistence: Persistence) {
    this.scope = scope
    this.persistence = persistence
    this.state = new SessionState(scope, persistence, this)
    this.#commits = new Commits(scope, persistence, this.state)
  }

  get session(): SessionModel | null {
    this.scope.noteRead()
    if (this.state.current.name === 'closed') this.state.openNow()
    if (this.state.current.name === 'loading') throw notLoaded()
    return this.state.current.name === 'open' ? this.state.sessionOf(this.state.current) : null
  }

  set session(value: unknown) {
    assign(this, value)
  }

  /** `ctx.sessionOptions`. */
  get options(): RequestScope['options'] {
    this.scope.noteRead()
    return this.scope.options
  }

  get maxAge(): Lifetime {
    return this.scope.maxAge
  }

  set maxAge(value: Lifetime) {
    this.scope.chooseMaxAge(value)
    this.persistence.mustWrite(true)
  }

  get id(): string | undefined {
    this.scope.noteRead()
    return this.state.current.name === 'open' ? this.persistence.id : undefined
  }

  /** What is stored of the session; undefined where that is not known, or nothing. */
  get stored(): Stored | undefined {
    return this.state.current.name === 'open' ? this.persistence.stored : undefined
  }

  /** Whose the session is with what this request has made of it. */
  get owner(): string | undefined {
    return this.state.owner
  }

  get token(): string | undefined {
    return this.state.current.name === 'open' ? this.persistence.token : undefined
  }

  /** Whether a commit at the end of the request can have anything to do. */
  get mayNeedCommit(): boolean {
    const { config, settings } = this.scope
    const { current, hasFailedToRead } = this.state
    if (current.name === 'closed') return settings.rolling && !config.isLazyStore && !hasFailedToRead
    return current.name !== 'open' || current.session !== undefined || this.persistence.mayNeedCommit
  }

  /** Whether the response was made with the session, or says something of it. */
  get affectsResponse(): boolean {
    return this.scope.wasRead || this.persistence.client.wasTold
  }

  /** Whether the session was changed or ended after its last commit, so that this is lost. */
  get hasUnsavedChanges(): boolean {
    return this.state.isUnsaved
  }

  /** The middleware has come: reads the session, whatever was done with `ctx.session` before. */
  start(): Awaitable<void> {
    this.hasMiddleware = true
    const { options, hasStore } = this.scope.config
    if (options.lazy || !(hasStore || options.valid || options.ends)) return
    if (hasStore && this.state.current.name !== 'loading') {
      this.state.close()
      this.persistence.forget()
      this.scope.unchooseMaxAge()
    }
    return this.state.read()
  }

  /** Reads the session for the application, once: later calls wait for the same reading. */
  load(): Awaitable<void> {
    if (this.state.current.name === 'closed' || this.state.current.name === 'loading') refuseInHook(this.scope)
    this.scope.noteRead()
    return this.state.read()
  }

  /** Does what the application has called: the middleware waits for it, whether or not the handler does. */
  verb<T>(work: () => Promise<T>): Promise<T> {
    return (this.#verbs ??= new Verbs(this)).run(work)
  }

  /** Writes, renews or removes the session, as there is need. The commits of a request run one after the other. */
  commit(verb: CommitVerb, method?: string): Promise<void> {
    return this.verb(async () => {
      refuseInHook(this.scope)
      const calledBy = VERB_TRAITS[verb].proves ? this.state.owner : undefined
      await this.#early(() => this.#commits.run(verb, { method, calledBy, around: this.#draftAround }))
    })
  }

  /** The commit at the end of the request. */
  finish(): Awaitable<unknown> {
    return this.#commits.finish()
  }

  /** Ends the session, for this reason. */
  async end(reason: EndedReason): Promise<void> {
    this.state.endBy(reason)
    await this.commit('commit')
  }

  /** The record of the session that was here is ended, and another session took its place meanwhile: that one begins. */
  replaceEnded(): void {
    if (this.state.current.name !== 'open') return
    this.persistence.endLater()
    this.persistence.replaceEnded()
    // A cookie that says the same is of the one that is ended.
    this.persistence.mustWrite(true)
  }

  /** Waits for the verbs that nobody has awaited. */
  settle(): Awaitable<void> {
    return this.#verbs?.areLeft ? this.#verbs.settle() : undefined
  }

  /** The request was served. What a verb has put on the response early is taken back where it is the session's no more. */
  close(): Awaitable<void> {
    this.scope.stage.end()
    return this.#earlyToken?.check()
  }

  /** Makes a change on a copy, and writes it. */
  update(change: (session: SessionModel) => Awaitable<unknown>): Promise<void> {
    return this.verb(async () => {
      refuseInHook(this.scope)
      const around = this.#draftAround
      // A change within a change is a part of it, and is written with it.
      if (around) return void (await change(around.session))
      await this.#early(() => this.#commits.update(this, change))
    })
  }

  /** Lets one of all requests do work, and has what it made of the session in this one. Returns whether it is the same session still. */
  once(call: OnceCall): Promise<boolean> {
    const [scope, persistence, state, commits] = [this.scope, this.persistence, this.state, this.#commits]
    return this.verb(() => this.#early(() => once({ host: this, scope, persistence, state, commits }, call)))
  }

  /** Regenerates without data: the session begins anew, or is as it was where that fails. */
  async beginAnew(): Promise<void> {
    refuseInHook(this.scope)
    const state = this.state.current
    if (state.name !== 'open') return this.commit('regenerate')
    const session = this.state.sessionOf(state)
    this.state.noteBeginning()
    await beginAnew(session, this.scope, this.persistence, () => this.commit('regenerate'))
  }

  /** Whether the caller runs in a change of this session. */
  get isUpdating(): boolean {
    return this.#draftAround !== undefined
  }

  /** A signal that is aborted when the session ends, and is released when the response closes. */
  get signal(): AbortSignal {
    return signalIn(this.scope, this.persistence, this.#commits)
  }

  settled(): Promise<void> {
    return this.#commits.idle()
  }

  /** The change of this session that the caller runs in, if it does. */
  get #draftAround(): Draft | undefined {
    const state = this.state.current
    return state.name === 'open' ? Draft.around(state.session) : undefined
  }

  /** Reports an error that Koa does not get to see. */
  reportError(error: unknown): void {
    this.scope.report('error', this.persistence.stored?.id, { error })
    emitError(this.scope.ctx, error)
  }

  /** Writes while the handler is at work: what this puts on the response has to be true when the headers go out. */
  async #early<T>(write: () => Promise<T>): Promise<T> {
    let result: T
    try {
      result = await write()
    } catch (error) {
      this.#tellEarlyToken('doubt')
      throw error
    }
    this.#tellEarlyToken('note')
    return result
  }

  #tellEarlyToken(what: 'note' | 'doubt'): void {
    if (this.scope.stage.isServing) (this.#earlyToken ??= new EarlyToken(this.scope, this.persistence))[what]()
  }
}
