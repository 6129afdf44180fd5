import type { Context } from 'koa'
import type { SessionConfig } from './config'
import { andThen, isPromise, type Awaitable } from './contracts/awaitable'
import type { WriteReason } from './contracts/backend'
import { SessionError } from './errors'
import type { ResolvedOptions } from './options'
import type { Dictionary, Lifetime, SessionRecord } from './record'
import { RestingRecord, type Update } from './resting-record'
import { SessionModel, type CommitRequest, type SessionOwner } from './session'
import { SessionRequest } from './session-request'
import type { Content } from './snapshot'

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
  #restingRecord: RestingRecord | undefined
  /** Whether the middleware will commit. */
  isGuarded = false
  /** Whether the application has asked for the session. */
  wasAccessed = false
  #state: State = CLOSED
  /** The id of a session that was ended, where another one took its place. */
  #retired: string | undefined
  /** Why the store could not be read, where the session goes on without it. */
  #failure: unknown
  #hasFailedToRead = false
  #isForced = false
  #isWritten = false
  #hasReplaced = false
  #lastCommit: Promise<void> | undefined

  constructor(ctx: Context, config: SessionConfig) {
    this.#request = new SessionRequest(ctx, config)
  }

  /** A request that never asks for its session needs none. */
  get #record(): RestingRecord {
    return (this.#restingRecord ??= new RestingRecord(this.#request))
  }

  /** `ctx.session`. */
  get session(): SessionModel | null {
    this.wasAccessed = true
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
    this.wasAccessed = true
    this.#isForced = false
    if (value === null) {
      if (this.#state.name !== 'ended') this.#state = { name: 'ended', settled: false }
      return
    }
    if (this.#state.name === 'closed' && this.#isLazyStore) throw notLoaded()
    if (this.#state.name === 'ended') this.#replaceEnded()
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
    this.#isForced = true
  }

  get id(): string | undefined {
    return this.#state.name === 'open' ? this.#record.id : undefined
  }

  /** Whether a commit at the end of the request can have anything to do. */
  get isUsed(): boolean {
    const { rolling, renew } = this.#request.settings
    if (this.#state.name === 'closed') return rolling && !this.#hasFailedToRead
    if (this.#state.name !== 'open' || this.#state.session) return true
    return rolling || renew || this.#isForced || this.#record.isOutdated
  }

  /** Reads the session for the application, once: later calls wait for the same reading. */
  load(): Awaitable<void> {
    this.wasAccessed = true
    return this.#read()
  }

  #read(): Awaitable<void> {
    if (this.#state.name === 'loading') return this.#state.done
    if (this.#state.name !== 'closed') return
    try {
      const opening = andThen(this.#record.find(), (record) => this.#open(record))
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
      this.#isForced = false
      this.#request.isMaxAgeChosen = false
    }
    return this.#read()
  }

  /** Writes, renews or removes the session, as there is need. The commits of a request run one after the other. */
  commit(request: CommitRequest | 'touch', apply?: Update['apply']): Promise<void> {
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
    SessionModel.replace(this.#sessionOf(this.#state), {})
    this.#record.restart()
  }

  /** Whether the session was changed after its last commit, so that the change is lost. */
  get hasUnsavedChanges(): boolean {
    if (this.#state.name !== 'open' || !this.#state.session || this.#failure !== undefined) return false
    const content = this.#record.contentOf(this.#state.session)
    return (this.#record.exists || Object.keys(content.data).length > 0) && this.#record.isChanged(content)
  }

  /** Whether the application has asked for the session, or the client was told of it. */
  get wasSeen(): boolean {
    return this.wasAccessed || this.#request.wasClientTold
  }

  /** Waits for the commits that are under way. */
  async settled(): Promise<void> {
    await this.#lastCommit
  }

  /** Reports that the commit failed with an error that Koa does not get to see. */
  reportError(error: unknown): void {
    this.#request.report('error', this.#record.exists ? this.#record.id : undefined, { error })
  }

  get #isLazyStore(): boolean {
    return this.#request.config.hasStore && this.#request.config.options.lazy
  }

  /** Another session takes the place of one that was ended. */
  #replaceEnded(): void {
    if (this.#request.config.hasStore) this.#retired ??= this.#record.release()
    else this.#record.restart()
    this.#hasReplaced = true
  }

  #openNow(): void {
    if (this.#isLazyStore) throw notLoaded()
    // As in koa-session: before the middleware has read the store, there is an empty session to write to.
    if (this.#request.config.hasStore) this.#open(undefined)
    else void this.#read()
  }

  /** After a reading has failed: fails as well, or goes on with an empty session that is not written. */
  #openWithout(error: unknown): void {
    this.#state = CLOSED
    this.#hasFailedToRead = true
    if (!this.#toleratesStoreError(error)) throw error
    this.#failure = error
    this.reportError(error)
    this.#open(undefined)
  }

  #toleratesStoreError(error: unknown): error is SessionError {
    if (!(error instanceof SessionError) || error.code !== 'ERR_SESSION_STORE') return false
    // A renewal that failed is no matter to a request that has not asked for its session.
    if (this.#isLazyStore && !this.wasAccessed) return true
    const { onStoreError = 'throw' } = this.#request.config.options
    const policy = typeof onStoreError === 'function' ? onStoreError(error, this.#request.ctx) : onStoreError
    return policy === 'anonymous'
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

  #commit(request: CommitRequest | 'touch', apply: Update['apply'] | undefined): Awaitable<void> {
    const state = this.#state
    if (state.name === 'closed') return andThen(this.#read(), () => this.#commitRead(request, apply))
    if (state.name !== 'loading') return this.#commitRead(request, apply)
    return state.done.catch(() => undefined).then(() => this.#commitRead(request, apply))
  }

  #commitRead(request: CommitRequest | 'touch', apply: Update['apply'] | undefined): Awaitable<void> {
    const state = this.#state
    if (state.name === 'ended') return this.#end(state)
    if (state.name !== 'open') return
    if (this.#failure !== undefined)
      return this.#refuse(this.#failure, { isAsked: request !== 'commit' || Boolean(apply) || this.#hasReplaced })
    const session = this.#sessionOf(state)
    return apply ? this.#update(session, request, apply) : this.#commitOpen(session, request, undefined)
  }

  async #update(session: SessionModel, request: CommitRequest | 'touch', apply: Update['apply']): Promise<void> {
    const update = { before: this.#record.copyOf(session), apply }
    try {
      await apply(session)
      await this.#commitOpen(session, request, update)
    } catch (error) {
      // Nothing is half-made: the commit at the end of the request does not find the change either.
      SessionModel.replace(session, update.before)
      throw error
    }
  }

  #commitOpen(session: SessionModel, request: CommitRequest | 'touch', update: Update | undefined): Awaitable<void> {
    if (!this.#hasReplaced) return this.#commitChange(session, request, update, { hasRetired: false })
    return this.#removeRetired().then((hasRetired) => this.#commitChange(session, request, update, { hasRetired }))
  }

  #commitChange(
    session: SessionModel,
    request: CommitRequest | 'touch',
    update: Update | undefined,
    { hasRetired }: { hasRetired: boolean },
  ): Awaitable<void> {
    const content = this.#record.contentOf(session)
    this.#moveIfNeeded(request, content.data)
    const reason = this.#reasonToWrite(request, content)
    if (reason) return this.#save(session, content, reason, update, { isMove: request === 'regenerate' })
    if (hasRetired) return this.#record.clear()
    return this.#record.isOutdated ? this.#record.renewSignature() : undefined
  }

  async #save(
    session: SessionModel,
    first: Content,
    reason: WriteReason,
    update: Update | undefined,
    { isMove }: { isMove: boolean },
  ): Promise<void> {
    const { beforeSave } = this.#request.settings
    if (beforeSave) await beforeSave(this.#request.ctx, session as never)
    const content = beforeSave ? this.#record.contentOf(session) : first
    const isWhole = reason === 'forced' || reason === 'changed' || this.#record.isAsWritten(content)
    const wasForced = this.#isForced
    this.#isForced = false
    try {
      const isThere = await this.#record.write(session, content, isWhole ? reason : 'forced', update)
      if (!isThere) return isMove ? this.reset() : this.#lose()
      this.#isWritten = true
    } catch (error) {
      this.#isForced ||= wasForced
      const losesNoData = isWhole && (reason === 'rolling' || reason === 'renew')
      if (!losesNoData || !this.#toleratesStoreError(error)) throw error
      this.reportError(error)
    }
  }

  /** Nothing is written that was not read; whoever asks for a write by name is told why not. */
  #refuse(failure: unknown, { isAsked }: { isAsked: boolean }): void {
    if (isAsked) throw failure
  }

  /** A session moves to a new id by order, and when it changes hands. */
  #moveIfNeeded(request: CommitRequest | 'touch', data: Dictionary): void {
    const changesHands = this.#record.hasOtherOwner(data)
    if (changesHands) this.#record.restart()
    if (request === 'regenerate' || changesHands) this.#record.move()
  }

  #reasonToWrite(request: CommitRequest | 'touch', content: Content): WriteReason | undefined {
    const { rolling, renew } = this.#request.settings
    if (this.#isForced || request === 'save' || request === 'regenerate') return 'forced'
    if (!this.#record.exists && Object.keys(content.data).length === 0) return undefined
    if (this.#record.isChanged(content)) return 'changed'
    if (request === 'touch') return 'rolling'
    if (this.#isWritten) return undefined
    if (rolling) return 'rolling'
    return renew && this.#record.isExtendable && this.#isHalfOver() ? 'renew' : undefined
  }

  #isHalfOver(): boolean {
    const { maxAge } = this.#request
    const { expire } = this.#record
    return expire !== undefined && maxAge !== 'session' && expire - Date.now() < maxAge / 2
  }

  async #removeRetired(): Promise<boolean> {
    if (!this.#hasReplaced) return false
    await this.#record.removePresented()
    if (this.#retired !== undefined) await this.#record.remove(this.#retired)
    this.#retired = undefined
    this.#hasReplaced = false
    return this.#request.config.hasStore
  }

  async #end(state: State & { name: 'ended' }): Promise<void> {
    if (state.settled) return
    await this.#removeRetired()
    await this.#record.end()
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
