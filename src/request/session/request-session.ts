import { andThen, isPromise, type Awaitable } from '../../base/awaitable'
import { TaskQueue } from '../../base/task-queue'
import type { Lifetime } from '../../session/record'
import { SessionModel, type SessionOwner } from '../../session/session-model'
import type { CommitRequest } from '../commit/commit-job'
import type { CommitVerb } from '../commit/commit-plan'
import { Draft } from '../commit/draft'
import { isInHook, refuseInHook } from '../scope/hooks'
import type { Persistence } from './persistence'
import type { RequestScope } from '../scope/request-scope'
import { SessionState } from './session-state'
import { signalIn } from '../outside/signal'
import { assignable, notLoaded, type OpenState } from './state'
import type { Stored } from '../open/stored'
import { UpdateLoop } from '../commit/update-loop'

/** What a commit is asked for beside its verb. */
type Asked = Pick<CommitRequest, 'draft' | 'method'>

/** One request's session, as the application sees it: closed, open or ended; and the verbs, one after the other. */
export class RequestSession implements SessionOwner {
  readonly #scope: RequestScope
  readonly #persistence: Persistence
  readonly #state: SessionState
  readonly #updates: UpdateLoop
  readonly #commits = new TaskQueue()
  /** Whether the middleware will commit. */
  hasMiddleware = false

  constructor(scope: RequestScope, persistence: Persistence) {
    this.#scope = scope
    this.#persistence = persistence
    this.#state = new SessionState(scope, persistence, this)
    this.#updates = new UpdateLoop(scope.config.keyedLock)
  }

  get session(): SessionModel | null {
    this.#scope.noteRead()
    if (this.#state.current.name === 'closed') this.#state.openNow()
    if (this.#state.current.name === 'loading') throw notLoaded()
    return this.#state.current.name === 'open' ? this.#state.sessionOf(this.#state.current) : null
  }

  set session(value: unknown) {
    const data = assignable(value)
    if (this.#state.current.name === 'loading') throw notLoaded()
    this.#scope.noteRead()
    if (data === null) {
      this.#end()
      return
    }
    // What a hook replaces is written right after: it stays the same session.
    if (this.#state.current.name === 'open' && isInHook(this.#scope)) {
      SessionModel.patch(this.#state.sessionOf(this.#state.current), data, this.#scope.backend.serializer)
      return
    }
    if (this.#state.current.name === 'closed' && this.#scope.config.isLazyStore) throw notLoaded()
    if (this.#state.current.name === 'ended') this.#persistence.replaceEnded()
    this.#persistence.mustWrite(false)
    this.#state.replace(data)
  }

  /** `ctx.sessionOptions`. */
  get options(): RequestScope['options'] {
    return this.#scope.options
  }

  get maxAge(): Lifetime {
    return this.#scope.maxAge
  }

  set maxAge(value: Lifetime) {
    this.#scope.chooseMaxAge(value)
    this.#persistence.mustWrite(true)
  }

  get id(): string | undefined {
    return this.#state.current.name === 'open' ? this.#persistence.id : undefined
  }

  /** What is stored of the session; undefined where that is not known, or nothing. */
  get stored(): Stored | undefined {
    return this.#state.current.name === 'open' ? this.#persistence.stored : undefined
  }

  /** Whose the session is with what this request has made of it. */
  get owner(): string | undefined {
    const state = this.#state.current
    if (state.name !== 'open') return undefined
    return state.session ? this.#scope.ownerOf(SessionModel.data(state.session)) : this.stored?.snapshot.owner
  }

  /** The request that it is the session of. */
  get scope(): Pick<RequestScope, 'ctx' | 'backend' | 'noteRevoked'> {
    return this.#scope
  }

  get token(): string | undefined {
    return this.#state.current.name === 'open' ? this.#persistence.token : undefined
  }

  /** Whether a commit at the end of the request can have anything to do. */
  get mayNeedCommit(): boolean {
    const { config, settings } = this.#scope
    const { current, hasFailedToRead } = this.#state
    if (current.name === 'closed') return settings.rolling && !config.isLazyStore && !hasFailedToRead
    return current.name !== 'open' || current.session !== undefined || this.#persistence.mayNeedCommit
  }

  /** Whether the response was made with the session, or says something of it. */
  get affectsResponse(): boolean {
    return this.#scope.wasRead || this.#persistence.toldClient
  }

  /** Whether the session was changed after its last commit, so that the change is lost. */
  get hasUnsavedChanges(): boolean {
    if (this.#state.current.name !== 'open' || !this.#state.current.session || this.#state.unread !== undefined)
      return false
    return this.#persistence.hasChanges(this.#state.current.session)
  }

  /** The middleware has come: reads the session, whatever was done with `ctx.session` before. */
  start(): Awaitable<void> {
    this.hasMiddleware = true
    const { options, hasStore } = this.#scope.config
    if (options.lazy || !(hasStore || options.valid)) return
    if (hasStore && this.#state.current.name !== 'loading') {
      this.#state.close()
      this.#persistence.forget()
      this.#scope.unchooseMaxAge()
    }
    return this.#state.read()
  }

  /** Reads the session for the application, once: later calls wait for the same reading. */
  load(): Awaitable<void> {
    if (this.#state.current.name === 'closed' || this.#state.current.name === 'loading') refuseInHook(this.#scope)
    this.#scope.noteRead()
    return this.#state.read()
  }

  /** Writes, renews or removes the session, as there is need. The commits of a request run one after the other. */
  async commit(verb: CommitVerb, method?: string): Promise<void> {
    refuseInHook(this.#scope)
    await this.#commits.run(() => this.#commit(verb, { method }))
  }

  /** The commit at the end of the request: at once, where none is under way and nothing has to be waited for. */
  finish(): Awaitable<void> {
    if (this.#commits.isUsed) return this.commit('commit')
    const committing = this.#commit('commit')
    return isPromise(committing) ? this.#commits.run(() => committing).then(() => undefined) : undefined
  }

  /** Makes a change and writes it; outside of the queue of commits, so that a verb within it waits for nothing. */
  async update(change: (session: SessionModel) => Awaitable<unknown>): Promise<void> {
    refuseInHook(this.#scope)
    const attempt = (): Promise<true | undefined> => this.#update(change)
    await this.#updates.run(attempt, () => this.id)
  }

  /** Takes everything out of the session, which begins anew. */
  clearData(): void {
    refuseInHook(this.#scope)
    if (this.#state.current.name !== 'open') return
    SessionModel.patch(this.#state.sessionOf(this.#state.current), {}, this.#scope.backend.serializer)
    this.#persistence.startOver()
  }

  /** A signal that is aborted when the session ends, and is released when the response closes. */
  get signal(): AbortSignal {
    return signalIn(this.#scope, this.#persistence, this.#commits)
  }

  settled(): Promise<void> {
    return this.#commits.idle()
  }

  /** Reports that the commit failed with an error that Koa does not get to see. */
  reportError(error: unknown): void {
    this.#scope.report('error', this.#persistence.stored?.id, { error })
  }

  #end(): void {
    refuseInHook(this.#scope)
    if (this.#state.current.name === 'ended') return
    this.#persistence.endLater()
    this.#state.end({ settled: false })
  }

  async #update(change: (session: SessionModel) => Awaitable<unknown>): Promise<true | undefined> {
    await this.#state.read()
    if (this.#state.unread) throw this.#state.unread
    await this.#commits.run(() => this.#refresh())
    const state = this.#state.current
    const { serializer } = this.#scope.backend
    const draft = state.name === 'open' ? new Draft(this.#state.sessionOf(state), this, serializer) : undefined
    await draft?.make(change)
    const name = await this.#commits.run(() => (draft?.isOutdated ? 'again' : this.#commit('commit', { draft })))
    return name === 'again' ? undefined : true
  }

  async #refresh(): Promise<void> {
    const state = this.#state.current
    if (state.name === 'open' && state.session) this.#closeIfGone(state, await this.#persistence.refresh(state.session))
  }

  #commit(verb: CommitVerb, more: Asked = {}): Awaitable<string | void> {
    const state = this.#state.current
    if (state.name === 'closed') return andThen(this.#state.read(), () => this.#commitRead(verb, more))
    if (state.name !== 'loading') return this.#commitRead(verb, more)
    return state.done.catch(() => undefined).then(() => this.#commitRead(verb, more))
  }

  #commitRead(verb: CommitVerb, { draft, method }: Asked): Awaitable<string | void> {
    const state = this.#state.current
    if (state.name === 'ended') {
      return state.settled ? undefined : this.#persistence.end().then(() => void (state.settled = true))
    }
    if (state.name !== 'open') return
    if (this.#state.unread) {
      // Nothing is written that was not read; whoever asks for a write by name is told why not.
      if (verb === 'commit' && !draft && !this.#persistence.hasReplaced) return
      throw this.#state.unread
    }
    const session = this.#state.sessionOf(state)
    // A session that was replaced meanwhile is not the one that the change was made on.
    const own = draft?.live === session ? draft : undefined
    const committing = this.#persistence.commit(session, {
      verb,
      method,
      draft: own,
      holdsLock: this.#updates.holdsLock,
    })
    return andThen(committing, (name) => this.#closeIfGone(state, name))
  }

  #closeIfGone(state: OpenState, name: string): string {
    if (name === 'gone' && this.#state.current === state) this.#state.end({ settled: true })
    return name
  }
}
