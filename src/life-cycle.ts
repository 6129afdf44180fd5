import type { Context } from 'koa'
import type { SessionConfig } from './config'
import { andThen, isPromise, type Awaitable } from './contracts/awaitable'
import type { WriteReason } from './contracts/backend'
import { SessionError } from './errors'
import type { ResolvedOptions } from './options'
import type { Dictionary, Lifetime } from './record'
import { RestingRecord, type Update } from './resting-record'
import { SessionModel, type CommitRequest, type SessionOwner } from './session'
import { SessionRequest } from './session-request'

/**
 * `closed`: nothing was read; `loading`: a reading is under way; `open`: there is a session to use; `ended`: it was set
 * to null or destroyed, and `settled` once the store and the client know.
 */
type State =
  | { name: 'closed' }
  | { name: 'loading'; done: Promise<void> }
  | { name: 'open'; session: SessionModel }
  | { name: 'ended'; settled: boolean }

/** One request's session: opened, loaded, used, committed. */
export class LifeCycle implements SessionOwner {
  readonly #request: SessionRequest
  readonly #record: RestingRecord
  /** Whether the middleware will commit. */
  isGuarded = false
  /** Whether the application has asked for the session. */
  wasAccessed = false
  #state: State = { name: 'closed' }
  /** The id of a session that was ended, where another one took its place. */
  #retired: string | undefined
  /** Why the store could not be read, where the session goes on without it. */
  #failure: unknown
  #hasFailedToRead = false
  #isForced = false
  #isWritten = false
  #hasReplaced = false
  #lastCommit: Promise<void> = Promise.resolve()

  constructor(ctx: Context, config: SessionConfig) {
    this.#request = new SessionRequest(ctx, config)
    this.#record = new RestingRecord(this.#request)
  }

  /** `ctx.session`. */
  get session(): SessionModel | null {
    this.wasAccessed = true
    if (this.#state.name === 'closed') this.#openNow()
    if (this.#state.name === 'loading') throw notLoaded()
    return this.#state.name === 'open' ? this.#state.session : null
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
    this.#open(data, { isNew: false })
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
    return this.#state.name !== 'closed' || (this.#request.settings.rolling && !this.#hasFailedToRead)
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
      const opening = andThen(this.#record.find(), (data) => this.#open(data ?? {}, { isNew: data === undefined }))
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
      this.#state = { name: 'closed' }
      this.#isForced = false
      this.#request.isMaxAgeChosen = false
    }
    return this.#read()
  }

  /** Writes, renews or removes the session, as there is need. The commits of a request run one after the other. */
  commit(request: CommitRequest | 'touch', apply?: Update['apply']): Promise<void> {
    const commit = this.#lastCommit.then(() => this.#commit(request, apply))
    this.#lastCommit = commit.catch(() => undefined)
    return commit
  }

  /** Takes everything out of the session, which begins anew. */
  reset(): void {
    if (this.#state.name !== 'open') return
    SessionModel.replace(this.#state.session, {})
    this.#record.restart()
  }

  /** Whether the session was changed after its last commit, so that the change is lost. */
  get hasUnsavedChanges(): boolean {
    if (this.#state.name !== 'open' || this.#failure !== undefined) return false
    const data = SessionModel.data(this.#state.session)
    return (this.#record.exists || Object.keys(data).length > 0) && this.#record.isChanged(data)
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
    if (this.#request.config.hasStore) this.#open({}, { isNew: true })
    else void this.#read()
  }

  /** After a reading has failed: fails as well, or goes on with an empty session that is not written. */
  #openWithout(error: unknown): void {
    this.#state = { name: 'closed' }
    this.#hasFailedToRead = true
    if (!this.#toleratesStoreError(error)) throw error
    this.#failure = error
    this.reportError(error)
    this.#open({}, { isNew: true })
  }

  #toleratesStoreError(error: unknown): error is SessionError {
    if (!(error instanceof SessionError) || error.code !== 'ERR_SESSION_STORE') return false
    // A renewal that failed is no matter to a request that has not asked for its session.
    if (this.#isLazyStore && !this.wasAccessed) return true
    const { onStoreError = 'throw' } = this.#request.config.options
    const policy = typeof onStoreError === 'function' ? onStoreError(error, this.#request.ctx) : onStoreError
    return policy === 'anonymous'
  }

  #open(data: Dictionary, { isNew }: { isNew: boolean }): void {
    this.#state = { name: 'open', session: new SessionModel(this, data, { isNew }) }
  }

  async #commit(request: CommitRequest | 'touch', apply: Update['apply'] | undefined): Promise<void> {
    if (this.#state.name === 'closed') await this.#read()
    if (this.#state.name === 'loading') await this.#state.done.catch(() => undefined)
    if (this.#state.name === 'ended') return this.#end(this.#state)
    if (this.#state.name !== 'open') return
    if (this.#failure !== undefined)
      return this.#refuse(this.#failure, { isAsked: request !== 'commit' || Boolean(apply) || this.#hasReplaced })
    const { session } = this.#state
    if (!apply) return this.#commitOpen(session, request, undefined)
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

  async #commitOpen(
    session: SessionModel,
    request: CommitRequest | 'touch',
    update: Update | undefined,
  ): Promise<void> {
    const hasRetired = await this.#removeRetired()
    this.#moveIfNeeded(request, session)
    const reason = this.#reasonToWrite(request, SessionModel.data(session))
    if (!reason) return hasRetired ? this.#record.clear() : this.#record.renewSignature()
    await this.#request.settings.beforeSave?.(this.#request.ctx, session as never)
    const isWhole = reason === 'forced' || this.#record.isAsWritten(SessionModel.data(session))
    const wasForced = this.#isForced
    this.#isForced = false
    try {
      const why = isWhole || reason === 'changed' ? reason : 'forced'
      if (!(await this.#write(session, why, update))) return request === 'regenerate' ? this.reset() : this.#lose()
      this.#isWritten = true
    } catch (error) {
      this.#isForced ||= wasForced
      throw error
    }
  }

  /** Nothing is written that was not read; whoever asks for a write by name is told why not. */
  #refuse(failure: unknown, { isAsked }: { isAsked: boolean }): void {
    if (isAsked) throw failure
  }

  /** A session moves to a new id by order, and when it changes hands. */
  #moveIfNeeded(request: CommitRequest | 'touch', session: SessionModel): void {
    const changesHands = this.#record.hasOtherOwner(SessionModel.data(session))
    if (changesHands) this.#record.restart()
    if (request === 'regenerate' || changesHands) this.#record.move()
  }

  async #write(session: SessionModel, reason: WriteReason, update: Update | undefined): Promise<boolean> {
    try {
      return await this.#record.write(session, reason, update)
    } catch (error) {
      const losesNoData = reason === 'rolling' || reason === 'renew'
      if (!losesNoData || !this.#toleratesStoreError(error)) throw error
      this.reportError(error)
      return true
    }
  }

  #reasonToWrite(request: CommitRequest | 'touch', data: Dictionary): WriteReason | undefined {
    const { rolling, renew } = this.#request.settings
    if (this.#isForced || request === 'save' || request === 'regenerate') return 'forced'
    if (!this.#record.exists && Object.keys(data).length === 0) return undefined
    if (this.#record.isChanged(data)) return 'changed'
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
