import { andThen, isPromise, type Awaitable } from '../../base/awaitable'
import type { SessionError } from '../../base/errors'
import type { Dictionary, SessionRecord } from '../../session/record'
import { assignedBy, readBy, SessionModel, type SessionHost } from '../../session/session-model'
import { refuseInHook } from '../scope/hooks'
import type { Persistence } from './persistence'
import type { RequestScope } from '../scope/request-scope'
import { CLOSED, notLoaded, opened, type EndedState, type OpenState, type State } from './state'
import { tolerates } from '../scope/tolerates'

/** The {@link State} of a request's session, and how it is read. */
export class SessionState {
  readonly #scope: RequestScope
  readonly #persistence: Persistence
  readonly #host: SessionHost
  #current: State = CLOSED
  #unread: SessionError | undefined
  #failure: { readonly error: unknown } | undefined
  #wasEmptyBefore = false
  #tookPlace = false
  /** How often the session was ended, replaced or begun anew. */
  #changes = 0

  /** @param owner what the session's object asks when it is used */
  constructor(scope: RequestScope, persistence: Persistence, host: SessionHost) {
    this.#scope = scope
    this.#persistence = persistence
    this.#host = host
  }

  get current(): State {
    return this.#current
  }

  /** Why the store could not be read, where the session goes on without it. */
  get unread(): SessionError | undefined {
    return this.#unread
  }

  get hasFailedToRead(): boolean {
    return this.#failure !== undefined
  }

  /** Why the last reading has failed; undefined where it has not. */
  get readFailure(): { readonly error: unknown } | undefined {
    return this.#failure
  }

  /** Whose the session is with what this request has made of it. */
  get owner(): string | undefined {
    const current = this.#current
    if (current.name !== 'open') return undefined
    if (!current.session) return this.#persistence.stored?.snapshot.owner
    return this.#scope.ownerOf(SessionModel.data(current.session))
  }

  /** Whether it is the session of the request: another one may have taken its place. */
  holds(session: SessionModel): boolean {
    return this.#current.name === 'open' && this.#current.session === session
  }

  /** Tells later whether the session is the same one: of the same account, neither ended, replaced nor begun anew since. */
  sameness(): () => boolean {
    const [owner, changes] = [this.owner, this.#changes]
    return () => this.#current.name === 'open' && this.#changes === changes && this.owner === owner
  }

  /** The session is to begin anew, without its data. */
  noteBeginning(): void {
    this.#changes++
  }

  /** Whether somebody has asked before the store was read, and got an empty session. */
  get wasEmptyBefore(): boolean {
    return this.#wasEmptyBefore
  }

  /** Whether it took the place of one that was ended. */
  get tookPlace(): boolean {
    return this.#tookPlace
  }

  /** Whether it holds a change, or an end, that no commit has seen. */
  get isUnsaved(): boolean {
    const current = this.#current
    if (current.name === 'ended') return !current.settled
    if (current.name !== 'open' || !current.session || this.#unread) return false
    return this.#persistence.hasChanges(current.session)
  }

  /** Reads the session, once: later calls wait for the same reading. */
  read(): Awaitable<void> {
    if (this.#current.name === 'loading') return this.#current.done
    if (this.#current.name !== 'closed') return
    try {
      const opening = andThen(this.#persistence.open(), (record) => this.#openWith(record))
      if (!isPromise(opening)) return
      const done = Promise.resolve(opening).catch((error: unknown) => this.#openWithout(error))
      done.catch(() => undefined)
      this.#current = { name: 'loading', done }
      return done
    } catch (error) {
      this.#openWithout(error)
    }
  }

  /** As in koa-session: before the middleware has read the store, there is an empty session to write to. */
  openNow(): void {
    const { isLazyStore, hasStore } = this.#scope.config
    if (isLazyStore) throw notLoaded()
    if (!hasStore) return void this.read()
    this.#wasEmptyBefore ||= this.#scope.stage.isBefore
    this.#current = opened(undefined)
  }

  /** Forgets what was read. */
  close(): void {
    this.#current = CLOSED
    this.#tookPlace = false
  }

  /** Goes on with other data: those of another session, where the one before was ended. */
  replace(data: Dictionary): void {
    this.#changes++
    this.#tookPlace ||= this.#current.name === 'ended'
    this.#current = { name: 'open', session: assignedBy(this.#host, data), record: undefined }
  }

  /** @param settled whether the store and the client know it already */
  end({ settled, reason }: Omit<EndedState, 'name'>): void {
    this.#changes++
    this.#current = { name: 'ended', settled, reason }
  }

  /** Ends the session, unless it was ended before; a logout ends the one that went on without this request, too. */
  endBy(reason: EndedState['reason']): void {
    refuseInHook(this.#scope)
    if (this.#current.name === 'ended' && !this.#persistence.known.elsewhere) return
    this.#persistence.endLater()
    this.end({ settled: false, reason })
  }

  /** The session's object, made when it is first asked for. */
  sessionOf(state: OpenState): SessionModel {
    if (!state.session) this.#persistence.drawCustomId()
    return (state.session ??= readBy(this.#host, state.record))
  }

  #openWith(record: SessionRecord | undefined): void {
    this.#current = opened(record)
    if (!this.#failure) return
    this.#failure = undefined
    this.#scope.noteOvercome()
  }

  /** After a reading has failed: fails as well, or goes on with an empty session that is not written. */
  #openWithout(error: unknown): void {
    this.#current = CLOSED
    this.#failure = { error }
    this.#scope.noteFailure(error)
    if (!tolerates(this.#scope, error)) throw error
    this.#unread = error
    this.#scope.report('error', this.#persistence.stored?.id, { error })
    this.#current = opened(undefined)
  }
}
