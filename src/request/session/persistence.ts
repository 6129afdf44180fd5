import { andThen, settle, type Awaitable } from '../../base/awaitable'
import type { SessionRecord } from '../../session/record'
import type { SessionError } from '../../base/errors'
import type { SessionModel } from '../../session/session-model'
import { Client } from '../tell/client'
import { commit } from '../commit/commit'
import {
  isHeldByClient,
  newJob,
  writtenBecause,
  type CommitJob,
  type CommitRequest,
  type Outcome,
} from '../commit/commit-job'
import { VERB_TRAITS } from '../commit/commit-plan'
import type { Draft } from '../commit/draft'
import { Beginning } from './beginning'
import { contentAtEnd } from './content-at-end'
import { afterCommit, afterEnd, found, NOTHING_KNOWN, idOf, replaced, untold, type Ending, type Known } from './known'
import { LazyToken } from '../open/lazy-token'
import { openSession, type Opened } from '../open/open-session'
import { reconcile } from '../commit/reconcile'
import { removeRecords } from './remove-records'
import type { RequestScope } from '../scope/request-scope'
import { hasChanges, heldBy, mayBeDue, type Stored } from '../open/stored'
import { isInDoubt } from '../commit/write-record'

/** The stored side of a request's session: it is opened, written and ended here, and the client is told of it. */
export class Persistence {
  readonly #scope: RequestScope
  readonly client: Client
  readonly beginning = new Beginning()
  /** How often changes of others have come into the session. */
  merges = 0
  #madeToken: LazyToken | undefined
  #known: Known = NOTHING_KNOWN
  /** How often a session was ended: what is being written then belongs to it. */
  #endings = 0
  #mustWrite = false
  /** Why a change is to be made again. */
  #failure: (Outcome & { name: 'again' }) | undefined
  /** A write happened or did not: no other is made. */
  #inDoubt: SessionError | undefined

  constructor(scope: RequestScope) {
    this.#scope = scope
    this.client = new Client(scope)
  }

  get #newToken(): LazyToken {
    return (this.#madeToken ??= new LazyToken(this.#scope))
  }

  /** The key that the session's record has, or will have; undefined without a store. */
  get id(): string | undefined {
    return this.#known.stored ? this.#known.stored.id : this.#newToken.value?.id
  }

  /** All that this request knows of what is stored. */
  get known(): Known {
    return this.#known
  }

  /** What is stored, as far as this request knows. */
  get stored(): Stored | undefined {
    return this.#known.stored
  }

  /** What the client holds, or will hold; undefined without a store. */
  get token(): string | undefined {
    return this.#known.stored ? heldBy(this.#known.stored) : this.#newToken.value?.text
  }

  /** Whether a session that nobody has asked for may have to be written, or its cookie signed. */
  get mayNeedCommit(): boolean {
    return this.#mustWrite || this.client.isSignatureOld || mayBeDue(this.#known.stored, this.#scope)
  }

  /** Lets the session be written by the next commit, changed or not. */
  mustWrite(value: boolean): void {
    this.#mustWrite = value
  }

  /** Forgets what was known, before the session is read. */
  forget(): void {
    this.#known = NOTHING_KNOWN
    this.#mustWrite = false
  }

  /** Whether the data differ from what is stored. */
  hasChanges(session: SessionModel): boolean {
    return hasChanges(session, this.#known.stored, this.#scope)
  }

  /** Returns the record of the session that the client presents, if it is accepted. */
  open(): Awaitable<SessionRecord | undefined> {
    try {
      const opening = andThen(this.client.present(), (tokens) => openSession(this.#scope, tokens))
      return andThen(opening, (opened) => this.#accept(opened))
    } catch (error) {
      if (this.#scope.trouble?.refusals.some(([, fate]) => fate === 'failed')) this.client.clearUnreadable()
      throw error
    }
  }

  /** Makes a custom id for a session that is not stored, as koa-session does when a session is asked for. */
  drawCustomId(): void {
    if (this.#scope.config.options.genid && !this.#known.stored) void this.#newToken.value
  }

  /** Takes note that the session is ended, and with it what was to be made again; {@link end} makes it so. */
  endLater(): void {
    this.#endings++
    this.#mustWrite = false
    this.#failure = undefined
  }

  /** Another session takes the place of the one that was ended. */
  replaceEnded(): void {
    this.#madeToken?.forget()
    if (this.#scope.config.hasStore) this.#known = replaced(this.#known)
    else this.beginning.request()
  }

  /** Ends the session: removes its record, once that has confirmed what the client presents, and clears the client. */
  async end(reason: Ending['reason']): Promise<void> {
    const id = this.#known.stored?.id
    const failure = await removeRecords(this.#scope, this.client, { known: this.#known, reason })
    this.#scope.noteEnd()
    this.#known = found(undefined, undefined, { wasSought: true, wasWritten: false })
    await this.client.signOut(id)
    if (failure) throw failure
  }

  /** Goes on with what is stored now, after another request was faster than a change. */
  async refresh(session: SessionModel, failure = this.#failure): Promise<Outcome['name']> {
    if (!failure) return 'unchanged'
    const endings = this.#endings
    const loaded = failure.isMissing ? undefined : await this.#scope.load(idOf(this.#known) as string)
    // What was ended meanwhile is not gone on with.
    if (endings !== this.#endings) return 'unchanged'
    const job = this.#jobOf(session, { verb: 'commit' })
    const next = await reconcile(job, loaded, failure)
    if (endings !== this.#endings) return 'unchanged'
    this.#failure = undefined
    this.merges++
    if ('name' in next) return this.#conclude(job, next, endings)
    this.#known = found(next.stored, next.superseded, { wasSought: true, wasWritten: this.#known.wasWritten })
    this.client.retractUnless(heldBy(next.stored))
    return 'again'
  }

  /** Writes what there is need for. Returns how it ended; the client is told. */
  commit(session: SessionModel, request: CommitRequest): Awaitable<Outcome['name']> {
    if (!this.#known.hasReplaced) return this.#commit(session, request)
    return this.#removeReplaced().then(() => this.#commit(session, request))
  }

  #commit(session: SessionModel, request: CommitRequest): Awaitable<Outcome['name']> {
    const { verb, draft, around } = request
    const isEnd = VERB_TRAITS[verb].isImplicit && !draft
    if (this.#inDoubt !== undefined) {
      if (isEnd && !this.hasChanges(session)) return 'unchanged'
      throw this.#inDoubt
    }
    const content = isEnd ? contentAtEnd(session, this, this.#scope) : undefined
    if (content === 'unchanged') return content
    // A session that is not stored yet is given another id, as in koa-session.
    if (VERB_TRAITS[verb].regenerates && !this.#known.stored) this.#madeToken?.forget()
    const job = this.#jobOf(session, request)
    const endings = this.#endings
    this.#mustWrite = false
    const write = (): Awaitable<Outcome> => {
      draft?.apply()
      return commit(job, content)
    }
    return settle(
      write,
      (outcome) => this.#conclude(job, outcome, endings, around),
      (error) => this.#fail(job, error),
    )
  }

  #jobOf(session: SessionModel, request: CommitRequest): CommitJob {
    const { stored, superseded, wasWritten, hasReplaced } = this.#known
    return newJob(this.#scope, session, request, {
      stored,
      superseded,
      newToken: this.#newToken,
      mustWrite: this.#mustWrite,
      wasWritten,
      beginning: this.beginning,
      hasReplaced,
      isSignatureOld: this.client.isSignatureOld,
    })
  }

  #fail({ mustWrite, draft }: CommitJob, error: unknown): never {
    this.#mustWrite ||= mustWrite
    draft?.undo()
    if (isInDoubt(error)) this.#inDoubt = error
    this.#scope.noteFailure(error)
    throw error
  }

  #conclude(job: CommitJob, outcome: Outcome, endings: number, around?: Draft): Awaitable<Outcome['name']> {
    const before = this.#known
    const because = writtenBecause(job.verb, outcome)
    const isHeld = isHeldByClient(outcome, this.#scope)
    if (!isHeld) this.#scope.noteWritten(because)
    if (endings !== this.#endings) {
      this.#known = afterEnd(before, outcome)
      return outcome.name
    }
    this.#known = afterCommit(before, outcome)
    if ('isMerged' in outcome && outcome.isMerged) this.merges++
    else around?.follow(before.stored, this.#known.stored)
    this.#failure = outcome.name === 'again' ? outcome : undefined
    if (outcome.name === 'again') this.#mustWrite ||= job.mustWrite
    if (outcome.name === 'written') {
      this.#madeToken?.forget()
      this.beginning.noteWrite()
      this.#scope.noteOvercome()
    }
    return settle(
      () => this.client.tell(outcome, heldBy(this.#known.stored)),
      () => {
        if (isHeld && because !== 'nothing' && !this.client.isTooLate) this.#scope.noteWritten(because)
        return outcome.name
      },
      (error) => {
        this.#known = untold(before, this.#known)
        return this.#fail(job, error)
      },
    )
  }

  async #removeReplaced(): Promise<void> {
    await removeRecords(this.#scope, this.client, { known: this.#known, reason: 'logout' })
    this.#known = { ...found(undefined, undefined, { wasSought: true, wasWritten: false }), hasReplaced: true }
  }

  #accept(opened: Opened): SessionRecord | undefined {
    this.#known = found(opened?.stored, opened?.superseded, { wasSought: true, wasWritten: false })
    if (!opened?.stored) return undefined
    this.client.accept(opened.presented)
    this.#scope.followMaxAge(opened.record)
    return opened.record
  }
}
