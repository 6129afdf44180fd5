import type { Context } from 'koa'
import type { SessionConfig } from './config'
import { andThen, isPromise, type Awaitable } from './contracts/awaitable'
import type { WriteReason } from './contracts/backend'
import { SessionError } from './errors'
import type { ResolvedOptions } from './options'
import { dataOf, type Dictionary, type Lifetime } from './record'
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
  #state: State = { name: 'closed' }
  /** The id of a session that was ended, where another one took its place. */
  #retired: string | undefined
  #isForced = false
  #isWritten = false
  #lastCommit: Promise<void> = Promise.resolve()

  constructor(ctx: Context, config: SessionConfig) {
    this.#request = new SessionRequest(ctx, config)
    this.#record = new RestingRecord(this.#request)
  }

  /** `ctx.session`. */
  get session(): SessionModel | null {
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
    this.#isForced = false
    if (value === null) {
      if (this.#state.name !== 'ended') this.#state = { name: 'ended', settled: false }
      return
    }
    if (this.#state.name === 'closed' && this.#isLazyStore) throw notLoaded()
    if (this.#state.name === 'ended' && this.#request.config.hasStore) this.#retired ??= this.#record.release()
    this.#open(dataOf(value), { isNew: false })
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
    return this.#state.name !== 'closed' || this.#request.config.options.rolling
  }

  /** Reads the session, once: later calls wait for the same reading. */
  load(): Awaitable<void> {
    if (this.#state.name === 'loading') return this.#state.done
    if (this.#state.name !== 'closed') return
    const opening = andThen(this.#record.find(), (data) => this.#open(data ?? {}, { isNew: data === undefined }))
    if (!isPromise(opening)) return
    const done = Promise.resolve(opening).catch((error: unknown) => {
      this.#state = { name: 'closed' }
      throw error
    })
    done.catch(() => undefined)
    this.#state = { name: 'loading', done }
    return done
  }

  /** Reads the session at the start of the request, whatever was done with `ctx.session` before it. */
  start(): Awaitable<void> {
    if (this.#request.config.hasStore && this.#state.name !== 'loading') this.#state = { name: 'closed' }
    return this.load()
  }

  /** Writes, renews or removes the session, as there is need. The commits of a request run one after the other. */
  commit(request: CommitRequest | 'touch', apply?: Update['apply']): Promise<void> {
    const commit = this.#lastCommit.then(() => this.#commit(request, apply))
    this.#lastCommit = commit.catch(() => undefined)
    return commit
  }

  /** Reports that the commit failed with an error that Koa does not get to see. */
  reportError(error: unknown): void {
    this.#request.report('error', this.#record.exists ? this.#record.id : undefined, { error })
  }

  get #isLazyStore(): boolean {
    return this.#request.config.hasStore && this.#request.config.options.lazy
  }

  #openNow(): void {
    if (this.#isLazyStore) throw notLoaded()
    // As in koa-session: before the middleware has read the store, there is an empty session to write to.
    if (this.#request.config.hasStore) this.#open({}, { isNew: true })
    else void this.load()
  }

  #open(data: Dictionary, { isNew }: { isNew: boolean }): void {
    this.#state = { name: 'open', session: new SessionModel(this, data, { isNew }) }
  }

  async #commit(request: CommitRequest | 'touch', apply: Update['apply'] | undefined): Promise<void> {
    if (this.#state.name === 'closed') await this.load()
    if (this.#state.name === 'loading') await this.#state.done.catch(() => undefined)
    if (this.#state.name === 'ended') return this.#end(this.#state)
    if (this.#state.name !== 'open') return
    const { session } = this.#state
    if (request === 'regenerate' && !(await this.#record.leave())) return this.#lose()
    const update = apply && { before: SessionModel.data(session), apply }
    await apply?.(session)
    const hasRetired = await this.#removeRetired()
    const reason = this.#reasonToWrite(request, SessionModel.data(session))
    if (!reason) return hasRetired ? this.#record.clear() : this.#record.renewSignature()
    await this.#request.config.options.beforeSave?.(this.#request.ctx, session as never)
    if (!(await this.#record.write(session, reason, update))) return this.#lose()
    this.#isForced = false
    this.#isWritten = true
  }

  #reasonToWrite(request: CommitRequest | 'touch', data: Dictionary): WriteReason | undefined {
    const { rolling, renew } = this.#request.config.options
    if (this.#isForced || request === 'save' || request === 'regenerate') return 'forced'
    if (!this.#record.exists && Object.keys(data).length === 0) return undefined
    if (this.#record.isChanged(data)) return 'changed'
    if (request === 'touch') return 'rolling'
    if (this.#isWritten) return undefined
    if (rolling) return 'rolling'
    return renew && this.#isHalfOver() ? 'renew' : undefined
  }

  #isHalfOver(): boolean {
    const { maxAge } = this.#request
    const { expire } = this.#record
    return expire !== undefined && maxAge !== 'session' && expire - Date.now() < maxAge / 2
  }

  async #removeRetired(): Promise<boolean> {
    if (this.#retired === undefined) return false
    await this.#record.remove(this.#retired)
    this.#retired = undefined
    return true
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
