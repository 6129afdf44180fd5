import { andThen, isPromise, type Awaitable } from '../../base/awaitable'
import type { SessionRecord } from '../../session/record'
import type { SessionError } from '../../base/errors'
import { SessionModel } from '../../session/session-model'
import { contentOf } from '../../session/snapshot'
import { Client } from '../tell/client'
import { commit } from '../commit/commit'
import type { CommitJob, CommitRequest, Outcome } from '../commit/commit-job'
import { afterCommit, found, NOTHING_KNOWN, replaced, untold, type Known } from './known'
import { NewToken } from '../open/new-token'
import { openSession, type Opened } from '../open/open-session'
import { reconcile } from '../commit/reconcile'
import { removeRecords } from './remove-records'
import type { RequestScope } from '../scope/request-scope'
import { isSeenDue, lacksSecret, type Stored } from '../open/stored'
import { isInDoubt } from '../commit/write-record'

/** The stored side of a request's session: it is opened, written and ended here, and the client is told of it. */
export class Persistence {
  readonly #scope: RequestScope
  readonly #client: Client
  #madeToken: NewToken | undefined
  #known: Known = NOTHING_KNOWN
  /** How often a session was ended: what is written meanwhile belongs to an earlier one. */
  #endings = 0
  #mustWrite = false
  #startsOver = false
  /** Why a change is to be made again. */
  #setback: (Outcome & { name: 'again' }) | undefined
  /** The error of a write that happened or did not: this request makes none after it. */
  #inDoubt: SessionError | undefined

  constructor(scope: RequestScope) {
    this.#scope = scope
    this.#client = new Client(scope)
  }

  get #newToken(): NewToken {
    return (this.#madeToken ??= new NewToken(this.#scope))
  }

  /** The key that the session's record has, or will have; undefined without a store. */
  get id(): string | undefined {
    return this.#known.stored ? this.#known.stored.id : this.#newToken.value?.id
  }

  /** What is stored, as far as this request knows. */
  get stored(): Stored | undefined {
    return this.#known.stored
  }

  /** What the client holds, or will hold; undefined without a store. */
  get token(): string | undefined {
    return this.#known.stored ? this.#known.stored.token : this.#newToken.value?.text
  }

  /** Whether a session took the place of one that was ended, and nobody knows it yet. */
  get hasReplaced(): boolean {
    return this.#known.hasReplaced
  }

  /** Whether the response says something of the session. */
  get toldClient(): boolean {
    return this.#client.wasTold
  }

  /** Whether a session that nobody has asked for may have to be written, or its cookie signed. */
  get mayNeedCommit(): boolean {
    const { settings } = this.#scope
    const { stored } = this.#known
    const isDue = settings.rolling || settings.renew || lacksSecret(stored, this.#scope)
    return isDue || isSeenDue(stored, this.#scope) || this.#mustWrite || this.#client.isSignatureOld
  }

  /** Lets the session be written by the next commit, changed or not. */
  mustWrite(value: boolean): void {
    this.#mustWrite = value
  }

  /** Lets the session begin anew: it takes nothing of what others write, and its age counts from the next write. */
  startOver(): void {
    this.#startsOver = true
  }

  /** Forgets what was known, before the session is read. */
  forget(): void {
    this.#known = NOTHING_KNOWN
    this.#mustWrite = false
  }

  /** Whether the data differ from what is stored. */
  hasChanges(session: SessionModel): boolean {
    const { stored } = this.#known
    const content = contentOf(SessionModel.data(session), this.#scope.backend.serializer)
    if (!stored) return Object.keys(content.data).length > 0
    return !stored.snapshot.isCurrent(content, this.#scope.policyOf(content.data))
  }

  /** Returns the record of the session that the client presents, if it is accepted. */
  open(): Awaitable<SessionRecord | undefined> {
    try {
      const opening = andThen(this.#client.present(), (tokens) => openSession(this.#scope, tokens))
      return andThen(opening, (opened) => this.#accept(opened))
    } catch (error) {
      this.#client.clearUnreadable()
      throw error
    }
  }

  /** Makes a custom id for a session that is not stored, as koa-session does when a session is asked for. */
  drawCustomId(): void {
    if (this.#scope.config.options.genid && !this.#known.stored) void this.#newToken.value
  }

  /** Takes note that the session is ended; {@link end} makes it so. */
  endLater(): void {
    this.#endings++
    this.#mustWrite = false
  }

  /** Another session takes the place of the one that was ended. */
  replaceEnded(): void {
    this.#madeToken?.forget()
    if (this.#scope.config.hasStore) this.#known = replaced(this.#known)
    else this.#startsOver = true
  }

  /** Ends the session: removes its record, once that has confirmed what the client presents, and clears the client. */
  async end(): Promise<void> {
    const id = this.#known.stored?.id
    await removeRecords(this.#scope, this.#client, this.#known)
    this.#scope.noteEnd()
    this.#known = found(undefined, undefined, { wasSought: true, wasWritten: false })
    await this.#client.signOut(id)
  }

  /** Goes on with what is stored now, after another request was faster than a change. */
  async refresh(session: SessionModel): Promise<Outcome['name']> {
    const setback = this.#setback
    if (!setback) return 'unchanged'
    const loaded = setback.isMissing ? undefined : await this.#scope.load(setback.stored?.id as string)
    const job = this.#jobOf(session, { verb: 'commit', holdsLock: false })
    const next = await reconcile(job, loaded, setback)
    this.#setback = undefined
    if ('name' in next) return this.#conclude(job, next, this.#endings)
    this.#known = found(next.stored, next.superseded, { wasSought: true, wasWritten: this.#known.wasWritten })
    return 'again'
  }

  /** Writes what there is need for. Returns how it ended; the client is told. */
  commit(session: SessionModel, request: CommitRequest): Awaitable<Outcome['name']> {
    if (!this.#known.hasReplaced) return this.#commit(session, request)
    return this.#removeReplaced().then(() => this.#commit(session, request))
  }

  #commit(session: SessionModel, request: CommitRequest): Awaitable<Outcome['name']> {
    const { verb, draft } = request
    if (this.#inDoubt !== undefined) {
      if (verb === 'commit' && !draft && !this.hasChanges(session)) return 'unchanged'
      throw this.#inDoubt
    }
    // A session that is not stored yet is given another id, as in koa-session.
    if (verb === 'regenerate' && !this.#known.stored) this.#madeToken?.forget()
    const job = this.#jobOf(session, request)
    const endings = this.#endings
    this.#mustWrite = false
    try {
      draft?.apply()
      const outcome = commit(job)
      if (!isPromise(outcome)) return this.#conclude(job, outcome, endings)
      return outcome.then(
        (ended) => this.#conclude(job, ended, endings),
        (error) => this.#fail(job, error),
      )
    } catch (error) {
      return this.#fail(job, error)
    }
  }

  /** Written out: spreading objects here costs more than all the rest of a request. */
  #jobOf(session: SessionModel, { verb, draft, method, holdsLock }: CommitRequest): CommitJob {
    const { stored, superseded, wasWritten, hasReplaced } = this.#known
    return {
      scope: this.#scope,
      session,
      verb,
      method,
      isSatisfied: false,
      stored,
      superseded,
      newToken: this.#newToken,
      mustWrite: this.#mustWrite,
      wasWritten,
      startsOver: this.#startsOver,
      hasReplaced,
      isSignatureOld: this.#client.isSignatureOld,
      holdsLock,
      draft,
    }
  }

  #fail({ mustWrite, draft }: CommitJob, error: unknown): never {
    this.#mustWrite ||= mustWrite
    draft?.undo()
    if (isInDoubt(error)) this.#inDoubt = error
    throw error
  }

  #conclude(job: CommitJob, outcome: Outcome, endings: number): Awaitable<Outcome['name']> {
    if (endings !== this.#endings) return this.#concludeLate(outcome)
    const before = this.#known
    this.#known = afterCommit(before, outcome)
    this.#setback = outcome.name === 'again' ? outcome : undefined
    if (outcome.name === 'again') this.#mustWrite ||= job.mustWrite
    if (outcome.name === 'written') {
      this.#madeToken?.forget()
      this.#startsOver = false
    }
    const fail = (error: unknown): never => {
      this.#known = untold(before, this.#known)
      return this.#fail(job, error)
    }
    try {
      const telling = this.#client.tell(outcome, this.#known.stored?.token)
      return isPromise(telling) ? telling.then(() => outcome.name, fail) : outcome.name
    } catch (error) {
      return fail(error)
    }
  }

  /** What was written while its session was ended is removed with it. */
  #concludeLate(outcome: Outcome): Outcome['name'] {
    if (outcome.name !== 'written' || outcome.stored.id === undefined) return outcome.name
    this.#known = { ...this.#known, retired: [...this.#known.retired, { id: outcome.stored.id, cached: undefined }] }
    return outcome.name
  }

  async #removeReplaced(): Promise<void> {
    await removeRecords(this.#scope, this.#client, this.#known)
    this.#known = { ...found(undefined, undefined, { wasSought: true, wasWritten: false }), hasReplaced: true }
  }

  #accept(opened: Opened): SessionRecord | undefined {
    this.#known = found(opened?.stored, opened?.superseded, { wasSought: true, wasWritten: false })
    if (!opened?.stored) return undefined
    this.#client.accept(opened.presented)
    this.#scope.followMaxAge(opened.record)
    return opened.record
  }
}
