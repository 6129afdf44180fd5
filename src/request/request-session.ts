import type { Context } from 'koa'
import { andThen, isPromise, type Awaitable } from '../base/awaitable'
import { SessionError } from '../base/errors'
import { TaskQueue } from '../base/task-queue'
import type { SessionConfig } from '../options/config'
import type { Lifetime } from '../session/record'
import { SessionModel, type SessionOwner } from '../session/session'
import type { CommitVerb } from './commit-plan'
import { Draft } from './draft'
import { isInHook, refuseInHook } from './hooks'
import { Persistence } from './persistence'
import { RequestScope } from './request-scope'
import { signalIn } from './signal'
import { assignable, assignedBy, CLOSED, notLoaded, opened, readBy, type OpenState, type State } from './state'
import { UpdateLoop } from './update-loop'

/** One request's session, as the application sees it: closed, open or ended; and the verbs, one after the other. */
export class RequestSession implements SessionOwner {
  readonly #scope: RequestScope
  readonly #persistence: Persistence
  readonly #updates: UpdateLoop
  readonly #commits = new TaskQueue()
  /** Whether the middleware will commit. */
  hasMiddleware = false
  #state: State = CLOSED
  /** Why the store could not be read, where the session goes on without it. */
  #unread: SessionError | undefined
  #hasFailedToRead = false

  constructor(ctx: Context, config: SessionConfig) {
    this.#scope = new RequestScope(ctx, config)
    this.#persistence = new Persistence(this.#scope)
    this.#updates = new UpdateLoop(config.keyedLock)
  }

  get session(): SessionModel | null {
    this.#scope.noteRead()
    if (this.#state.name === 'closed') this.#openNow()
    if (this.#state.name === 'loading') throw notLoaded()
    return this.#state.name === 'open' ? this.#sessionOf(this.#state) : null
  }

  set session(value: unknown) {
    const data = assignable(value)
    if (this.#state.name === 'loading') throw notLoaded()
    this.#scope.noteRead()
    if (data === null) {
      refuseInHook(this.#scope)
      if (this.#state.name !== 'ended') this.#persistence.endLater()
      if (this.#state.name !== 'ended') this.#state = { name: 'ended', settled: false }
      return
    }
    // What a hook replaces is written right after: it stays the same session.
    if (this.#state.name === 'open' && isInHook(this.#scope)) {
      SessionModel.patch(this.#sessionOf(this.#state), data)
      return
    }
    if (this.#state.name === 'closed' && this.#scope.config.isLazyStore) throw notLoaded()
    if (this.#state.name === 'ended') this.#persistence.replaceEnded()
    this.#persistence.mustWrite(false)
    this.#state = { name: 'open', session: assignedBy(this, data), record: undefined }
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
    return this.#state.name === 'open' ? this.#persistence.id : undefined
  }

  get token(): string | undefined {
    return this.#state.name === 'open' ? this.#persistence.token : undefined
  }

  /** Whether a commit at the end of the request can have anything to do. */
  get mayNeedCommit(): boolean {
    const { config, settings } = this.#scope
    if (this.#state.name === 'closed') return settings.rolling && !config.isLazyStore && !this.#hasFailedToRead
    return this.#state.name !== 'open' || this.#state.session !== undefined || this.#persistence.mayNeedCommit
  }

  /** Whether the response was made with the session, or says something of it. */
  get affectsResponse(): boolean {
    return this.#scope.wasRead || this.#persistence.toldClient
  }

  /** Whether the session was changed after its last commit, so that the change is lost. */
  get hasUnsavedChanges(): boolean {
    if (this.#state.name !== 'open' || !this.#state.session || this.#unread !== undefined) return false
    return this.#persistence.hasChanges(this.#state.session)
  }

  /** The middleware has come: reads the session, whatever was done with `ctx.session` before. */
  start(): Awaitable<void> {
    this.hasMiddleware = true
    const { options, hasStore } = this.#scope.config
    if (options.lazy || !(hasStore || options.valid)) return
    if (hasStore && this.#state.name !== 'loading') {
      this.#state = CLOSED
      this.#persistence.forget()
      this.#scope.unchooseMaxAge()
    }
    return this.#read()
  }

  /** Reads the session for the application, once: later calls wait for the same reading. */
  load(): Awaitable<void> {
    if (this.#state.name === 'closed' || this.#state.name === 'loading') refuseInHook(this.#scope)
    this.#scope.noteRead()
    return this.#read()
  }

  /** Writes, renews or removes the session, as there is need. The commits of a request run one after the other. */
  async commit(verb: CommitVerb): Promise<void> {
    refuseInHook(this.#scope)
    await this.#commits.run(() => this.#commit(verb))
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
    if (this.#state.name !== 'open') return
    SessionModel.patch(this.#sessionOf(this.#state), {})
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

  async #update(change: (session: SessionModel) => Awaitable<unknown>): Promise<true | undefined> {
    await this.#read()
    if (this.#unread) throw this.#unread
    await this.#commits.run(() => this.#refresh())
    const state = this.#state
    const { serializer } = this.#scope.backend
    const draft = state.name === 'open' ? new Draft(this.#sessionOf(state), this, serializer) : undefined
    if (draft) await change(draft.session)
    const name = await this.#commits.run(() => this.#commit('commit', draft))
    return name === 'again' ? undefined : true
  }

  async #refresh(): Promise<void> {
    const state = this.#state
    if (state.name === 'open' && state.session) this.#closeIfGone(state, await this.#persistence.refresh(state.session))
  }

  #commit(verb: CommitVerb, draft?: Draft): Awaitable<string | void> {
    const state = this.#state
    if (state.name === 'closed') return andThen(this.#read(), () => this.#commitRead(verb, draft))
    if (state.name !== 'loading') return this.#commitRead(verb, draft)
    return state.done.catch(() => undefined).then(() => this.#commitRead(verb, draft))
  }

  #commitRead(verb: CommitVerb, draft: Draft | undefined): Awaitable<string | void> {
    const state = this.#state
    if (state.name === 'ended') {
      return state.settled ? undefined : this.#persistence.end().then(() => void (state.settled = true))
    }
    if (state.name !== 'open') return
    if (this.#unread) {
      // Nothing is written that was not read; whoever asks for a write by name is told why not.
      if (verb === 'commit' && !draft && !this.#persistence.hasReplaced) return
      throw this.#unread
    }
    const session = this.#sessionOf(state)
    // A session that was replaced meanwhile is not the one that the change was made on.
    const own = draft?.live === session ? draft : undefined
    const committing = this.#persistence.commit(session, { verb, draft: own, holdsLock: this.#updates.holdsLock })
    return andThen(committing, (name) => this.#closeIfGone(state, name))
  }

  #closeIfGone(state: OpenState, name: string): string {
    if (name === 'gone' && this.#state === state) this.#state = { name: 'ended', settled: true }
    return name
  }

  #read(): Awaitable<void> {
    if (this.#state.name === 'loading') return this.#state.done
    if (this.#state.name !== 'closed') return
    try {
      const opening = andThen(this.#persistence.open(), (record) => void (this.#state = opened(record)))
      if (!isPromise(opening)) return
      const done = Promise.resolve(opening).catch((error: unknown) => this.#openWithout(error))
      done.catch(() => undefined)
      this.#state = { name: 'loading', done }
      return done
    } catch (error) {
      this.#openWithout(error)
    }
  }

  /** As in koa-session: before the middleware has read the store, there is an empty session to write to. */
  #openNow(): void {
    const { isLazyStore, hasStore } = this.#scope.config
    if (isLazyStore) throw notLoaded()
    if (hasStore) this.#state = opened(undefined)
    else void this.#read()
  }

  /** After a reading has failed: fails as well, or goes on with an empty session that is not written. */
  #openWithout(error: unknown): void {
    this.#state = CLOSED
    this.#hasFailedToRead = true
    if (!this.#scope.tolerates(error)) throw error
    this.#unread = error
    this.reportError(error)
    this.#state = opened(undefined)
  }

  #sessionOf(state: OpenState): SessionModel {
    if (!state.session) this.#persistence.drawCustomId()
    return (state.session ??= readBy(this, state.record))
  }
}
