import type { Context } from 'koa'
import type { SessionConfig } from './config'
import { andThen, isPromise, type Awaitable } from './contracts/awaitable'
import { SessionError } from './errors'
import type { ResolvedOptions } from './options'
import type { Dictionary, Lifetime, SessionRecord } from './record'
import type { Update } from './record-writer'
import { SessionModel, type SessionOwner } from './session'
import { SessionRequest } from './session-request'
import { Committer, type Commit } from './committer'

/**
 * `closed`: nothing was read; `loading`: a reading is under way; `open`: there is a session to use; `ended`: it was set
 * to null or destroyed, and `settled` once the store and the client know.
 */
type State =
  { name: 'closed' } | { name: 'loading'; done: Promise<void> } | OpenState | { name: 'ended'; settled: boolean }

interface OpenState {
  name: 'open'
  /** The session; undefined as long as nobody has asked for the one that was read. */
  session: SessionModel | undefined
  /** What was read; undefined where there was nothing. */
  record: SessionRecord | undefined
}

const CLOSED: State = { name: 'closed' }

/** One request's session: opened, loaded, used, committed. */
export class LifeCycle implements SessionOwner {
  readonly #request: SessionRequest
  #madeCommitter: Committer | undefined
  /** Whether the middleware will commit. */
  isGuarded = false
  #state: State = CLOSED
  /** Why the store could not be read, where the session goes on without it. */
  #failure: SessionError | undefined
  #hasFailedToRead = false
  #lastCommit: Promise<void> | undefined

  constructor(ctx: Context, config: SessionConfig) {
    this.#request = new SessionRequest(ctx, config)
  }

  /** A request that never asks for its session needs none. */
  get #committer(): Committer {
    return (this.#madeCommitter ??= new Committer(this.#request))
  }

  /** `ctx.session`. */
  get session(): SessionModel | null {
    this.#request.wasAccessed = true
    if (this.#state.name === 'closed') this.#openNow()
    if (this.#state.name === 'loading') throw notLoaded()
    return this.#state.name === 'open' ? this.#sessionOf(this.#state) : null
  }

  /** `ctx.session = value`. */
  set session(value: unknown) {
    if (typeof value !== 'object') {
      throw new SessionError('ERR_SESSION_BAD_VALUE', `ctx.session takes an object or null, not a ${typeof value}.`)
    }
    if (this.#state.name === 'loading') throw notLoaded()
    this.#request.wasAccessed = true
    this.#committer.isForced = false
    if (value === null) {
      if (this.#state.name !== 'ended') this.#state = { name: 'ended', settled: false }
      return
    }
    if (this.#state.name === 'closed' && this.#request.config.isLazyStore) throw notLoaded()
    if (this.#state.name === 'ended') this.#committer.replaceEnded()
    const data = value instanceof SessionModel ? SessionModel.data(value) : (value as Dictionary)
    const session = new SessionModel(this, { isNew: false })
    SessionModel.assign(session, data)
    this.#state = { name: 'open', session, record: undefined }
  }

  /** `ctx.sessionOptions`. */
  get options(): ResolvedOptions {
    return this.#request.options
  }

  get maxAge(): Lifetime {
    return this.#request.maxAge
  }

  set maxAge(value: Lifetime) {
    this.#request.maxAge = value
    this.#request.isMaxAgeChosen = true
    this.#committer.isForced = true
  }

  get id(): string | undefined {
    return this.#state.name === 'open' ? this.#committer.record.id : undefined
  }

  /** Whether a commit at the end of the request can have anything to do. */
  get isUsed(): boolean {
    const { rolling, renew } = this.#request.settings
    if (this.#state.name === 'closed') return rolling && !this.#hasFailedToRead
    if (this.#state.name !== 'open' || this.#state.session) return true
    return rolling || renew || this.#committer.isForced || this.#committer.record.held.isOutdated
  }

  /** Reads the session for the application, once: later calls wait for the same reading. */
  load(): Awaitable<void> {
    this.#request.wasAccessed = true
    return this.#read()
  }

  #read(): Awaitable<void> {
    if (this.#state.name === 'loading') return this.#state.done
    if (this.#state.name !== 'closed') return
    try {
      const opening = andThen(this.#committer.record.find(), (record) => this.#open(record))
      if (!isPromise(opening)) return
      const done = Promise.resolve(opening).catch((error: unknown) => this.#openWithout(error))
      done.catch(() => undefined)
      this.#state = { name: 'loading', done }
      return done
    } catch (error) {
      this.#openWithout(error)
    }
  }

  /** Reads the session at the start of the request, whatever was done with `ctx.session` before it. */
  start(): Awaitable<void> {
    if (this.#request.config.hasStore && this.#state.name !== 'loading') {
      this.#state = CLOSED
      this.#committer.isForced = false
      this.#request.isMaxAgeChosen = false
    }
    return this.#read()
  }

  /** Writes, renews or removes the session, as there is need. The commits of a request run one after the other. */
  commit(request: Commit, apply?: Update['apply']): Promise<void> {
    return this.#follow((this.#lastCommit ?? Promise.resolve()).then(() => this.#commit(request, apply)))
  }

  /** The commit at the end of the request: at once, where none is under way and nothing has to be waited for. */
  finish(): Awaitable<void> {
    if (this.#lastCommit) return this.commit('commit')
    const commit = this.#commit('commit', undefined)
    return isPromise(commit) ? this.#follow(Promise.resolve(commit)) : commit
  }

  /** Takes everything out of the session, which begins anew. */
  reset(): void {
    if (this.#state.name !== 'open') return
    this.#committer.reset(this.#sessionOf(this.#state))
  }

  /** Whether the session was changed after its last commit, so that the change is lost. */
  get hasUnsavedChanges(): boolean {
    if (this.#state.name !== 'open' || !this.#state.session || this.#failure !== undefined) return false
    const content = this.#committer.record.contentOf(this.#state.session)
    return (
      (this.#committer.record.exists || Object.keys(content.data).length > 0) &&
      this.#committer.record.isChanged(content)
    )
  }

  /** Whether the application has asked for the session, or the client was told of it. */
  get wasSeen(): boolean {
    return this.#request.wasAccessed || this.#request.wasClientTold
  }

  /** Waits for the commits that are under way. */
  async settled(): Promise<void> {
    await this.#lastCommit
  }

  /** Reports that the commit failed with an error that Koa does not get to see. */
  reportError(error: unknown): void {
    this.#committer.record.reportError(error)
  }

  #openNow(): void {
    if (this.#request.config.isLazyStore) throw notLoaded()
    // As in koa-session: before the middleware has read the store, there is an empty session to write to.
    if (this.#request.config.hasStore) this.#open(undefined)
    else void this.#read()
  }

  /** After a reading has failed: fails as well, or goes on with an empty session that is not written. */
  #openWithout(error: unknown): void {
    this.#state = CLOSED
    this.#hasFailedToRead = true
    if (!this.#request.tolerates(error)) throw error
    this.#failure = error
    this.reportError(error)
    this.#open(undefined)
  }

  #open(record: SessionRecord | undefined): void {
    this.#state = { name: 'open', session: undefined, record }
  }

  #sessionOf(state: OpenState): SessionModel {
    if (state.session) return state.session
    state.session = new SessionModel(this, { isNew: state.record === undefined })
    if (state.record) SessionModel.load(state.session, state.record)
    return state.session
  }

  #follow(commit: Promise<void>): Promise<void> {
    this.#lastCommit = commit.catch(() => undefined)
    return commit
  }

  #commit(request: Commit, apply: Update['apply'] | undefined): Awaitable<void> {
    const state = this.#state
    if (state.name === 'closed') return andThen(this.#read(), () => this.#commitRead(request, apply))
    if (state.name !== 'loading') return this.#commitRead(request, apply)
    return state.done.catch(() => undefined).then(() => this.#commitRead(request, apply))
  }

  #commitRead(request: Commit, apply: Update['apply'] | undefined): Awaitable<void> {
    const state = this.#state
    if (state.name === 'ended') return this.#end(state)
    if (state.name !== 'open') return
    if (this.#failure !== undefined) {
      // Nothing is written that was not read; whoever asks for a write by name is told why not.
      if (request !== 'commit' || apply || this.#committer.hasReplaced) throw this.#failure
      return
    }
    const commit = this.#committer.commit(this.#sessionOf(state), request, apply)
    return andThen(commit, (isThere) => (isThere ? undefined : this.#lose()))
  }

  async #end(state: State & { name: 'ended' }): Promise<void> {
    if (state.settled) return
    await this.#committer.removeRetired()
    await this.#committer.record.end()
    state.settled = true
  }

  #lose(): void {
    this.#state = { name: 'ended', settled: true }
  }
}

function notLoaded(): SessionError {
  return new SessionError(
    'ERR_SESSION_NOT_LOADED',
    'The session is not loaded yet. Call "await sessions.load(ctx)" before ctx.session, or leave out the option "lazy".',
  )
}
