import { andThen, isPromise, type Awaitable } from '../../base/awaitable'
import { TaskQueue } from '../../base/task-queue'
import { SessionModel, type SessionHost } from '../../session/session-model'
import type { Again, CommitRequest } from '../commit/commit-job'
import { VERB_TRAITS, type CommitVerb } from '../commit/commit-plan'
import { Draft } from '../commit/draft'
import { updateUntilWritten } from '../commit/update-loop'
import { loadFresh } from '../outside/outside-scope'
import type { RequestScope } from '../scope/request-scope'
import type { Persistence } from './persistence'
import type { SessionState } from './session-state'
import type { EndedState, OpenState } from './state'

/** What a commit is asked for beside its verb. */
type More = Omit<CommitRequest, 'verb'>

/** The commits of a request's session, one after the other; and its changes, each made on a copy beside that. */
export class Commits {
  readonly #scope: RequestScope
  readonly #persistence: Persistence
  readonly #state: SessionState
  readonly #queue = new TaskQueue()

  constructor(scope: RequestScope, persistence: Persistence, state: SessionState) {
    this.#scope = scope
    this.#persistence = persistence
    this.#state = state
  }

  /** Waits until all is done that was asked for so far. */
  idle(): Promise<void> {
    return this.#queue.idle()
  }

  /** Writes, renews or removes the session, as there is need. */
  async run(verb: CommitVerb, more: More): Promise<void> {
    await this.#queue.run(() => this.#commit(verb, more))
  }

  /** The last one: at once, where none is under way and nothing has to be waited for. */
  finish(): Awaitable<unknown> {
    if (this.#queue.isUsed) return this.run('commit', {})
    const committing = this.#commit('commit', {})
    if (isPromise(committing)) this.#queue.startWith(committing)
    return committing
  }

  /**
   * Makes a change and writes it. The change itself is made outside of the queue, so that a verb within it waits for nothing.
   *
   * @param host what the copy asks that the change is made on
   */
  async update(host: SessionHost, change: (session: SessionModel) => Awaitable<unknown>): Promise<void> {
    await this.#untilWritten(() => this.#attempt(host, change))
  }

  /** Makes a change on a copy, and writes nothing of it. */
  async tryOut(host: SessionHost, change: (session: SessionModel) => Awaitable<unknown>): Promise<Draft['change']> {
    const draft = this.#draftFor(host)
    await draft?.make(change)
    return draft?.change ?? { before: {}, after: {} }
  }

  /**
   * Writes what the record is to say of `once()`, and a change with it; again where another request was faster.
   *
   * @param note asked each time of what is stored then; undefined where nothing is to be written
   */
  async note(
    host: SessionHost,
    note: () => CommitRequest['once'],
    change: (session: SessionModel) => Awaitable<unknown> = () => undefined,
  ): Promise<void> {
    await this.#untilWritten(() => this.#attempt(host, change, note))
  }

  /** Goes on with what others have made of the session. */
  catchUp(): Promise<void> {
    return this.#queue.run(async () => {
      const state = this.#state.current
      if (state.name !== 'open') return
      await this.#refresh()
      const { stored } = this.#persistence
      if (stored?.id === undefined || this.#state.current !== state) return
      const loaded = await loadFresh(this.#scope, stored.id)
      if (loaded?.revision !== undefined && loaded.revision === stored.revision) return
      await this.#refresh({ isMissing: !loaded })
    })
  }

  async #untilWritten(attempt: () => Promise<true | undefined>): Promise<void> {
    const { turn, config } = this.#scope
    await updateUntilWritten(attempt, () => this.#persistence.id, { turn, keyedLock: config.keyedLock, holder: this })
  }

  async #attempt(
    host: SessionHost,
    change: (session: SessionModel) => Awaitable<unknown>,
    note?: () => CommitRequest['once'],
  ): Promise<true | undefined> {
    const reading = this.#state.read()
    if (isPromise(reading)) await reading
    if (this.#state.unread) throw this.#state.unread
    const draft = await this.#queue.run(async () => {
      await this.#refresh()
      return this.#draftFor(host)
    })
    await draft?.make(change)
    const name = await this.#queue.run(() => {
      if (this.#isOutdated(draft)) return 'again'
      if (draft?.leaves !== undefined) this.#leave(draft.leaves)
      if (!note) return this.#commit('commit', { draft })
      const once = draft && note()
      return once && this.#commit('commit', { draft, once })
    })
    return name === 'again' ? undefined : true
  }

  /** A sign-out is one also where another verb has found that the session goes on without this request: it ends. */
  #leave(owner: string): void {
    const { elsewhere } = this.#persistence.known
    if (this.#state.current.name === 'ended' && elsewhere?.owner === owner) this.#state.endBy('hands')
  }

  #draftFor(host: SessionHost): Draft | undefined {
    const state = this.#state.current
    if (state.name !== 'open') return undefined
    return new Draft(this.#state.sessionOf(state), host, this.#scope, this.#persistence)
  }

  /** Whether the session is no longer what the change was made of: another verb has written it, or it was replaced. */
  #isOutdated(draft: Draft | undefined): boolean {
    const state = this.#state.current
    if (!draft || state.name !== 'open') return false
    return draft.live !== state.session || draft.isOutdated(this.#persistence)
  }

  /** @param behind others have changed what is stored, or removed it: no write of this request has found that out */
  async #refresh(behind?: Pick<Again, 'isMissing'>): Promise<void> {
    const state = this.#state.current
    if (state.name !== 'open' || !(state.session || behind)) return
    const session = this.#state.sessionOf(state)
    try {
      const failure = behind && this.#behind(session, behind)
      this.#closeIfGone(state, await this.#persistence.refresh(session, failure))
    } catch (error) {
      this.#scope.noteFailure(error)
      throw error
    }
  }

  #behind(session: SessionModel, { isMissing }: Pick<Again, 'isMissing'>): Again {
    return { name: 'again', isMissing, owner: this.#scope.ownerOf(SessionModel.data(session)), isLook: true }
  }

  #commit(verb: CommitVerb, more: More): Awaitable<string | void> {
    const state = this.#state.current
    if (state.name === 'closed') return andThen(this.#state.read(), () => this.#commitRead(verb, more))
    if (state.name !== 'loading') return this.#commitRead(verb, more)
    return state.done.catch(() => undefined).then(() => this.#commitRead(verb, more))
  }

  #commitRead(verb: CommitVerb, more: More): Awaitable<string | void> {
    const state = this.#state.current
    if (state.name === 'ended') return state.settled ? undefined : this.#end(state)
    if (state.name !== 'open') return
    if (this.#state.unread) {
      // Nothing is written that was not read; a write by name fails with the reason.
      if (VERB_TRAITS[verb].isImplicit && !more.draft && !this.#persistence.known.hasReplaced) return
      throw this.#state.unread
    }
    const committing = this.#persistence.commit(this.#state.sessionOf(state), { verb, place: this.#state, ...more })
    return andThen(committing, (name) => this.#closeIfGone(state, name))
  }

  async #end(state: EndedState): Promise<void> {
    try {
      await this.#persistence.end(state.reason)
      state.settled = true
    } catch (error) {
      this.#scope.noteFailure(error)
      throw error
    }
  }

  #closeIfGone(state: OpenState, name: string): string {
    if (name === 'gone' && this.#state.current === state) this.#state.end({ settled: true, reason: 'logout' })
    return name
  }
}
