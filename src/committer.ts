import type { Awaitable } from './contracts/awaitable'
import type { WriteReason } from './contracts/backend'
import type { Dictionary } from './record'
import { RecordWriter, type Update } from './record-writer'
import { RestingRecord } from './resting-record'
import { SessionModel, type CommitRequest } from './session'
import type { SessionRequest } from './session-request'
import type { Content } from './snapshot'

/** What a commit is asked for; `touch`: to extend the session's life. */
export type Commit = CommitRequest | 'touch'

/** Decides what a commit has to do with an open session, and does it. */
export class Committer {
  readonly record: RestingRecord
  /** Whether the session is to be written, changed or not. */
  isForced = false
  /** Whether another session took the place of one that was ended. */
  hasReplaced = false
  readonly #request: SessionRequest
  readonly #writer: RecordWriter
  /** The id of the session that was ended. */
  #retired: string | undefined
  #isWritten = false

  constructor(request: SessionRequest) {
    this.#request = request
    this.record = new RestingRecord(request)
    this.#writer = new RecordWriter(request, this.record)
  }

  /** Another session takes the place of one that was ended. */
  replaceEnded(): void {
    if (this.#request.config.hasStore) this.#retired ??= this.record.release()
    else this.record.restart()
    this.hasReplaced = true
  }

  /** Removes the session that was ended; answers whether there may have been one in a store. */
  async removeRetired(): Promise<boolean> {
    if (!this.hasReplaced) return false
    await this.record.removePresented()
    if (this.#retired !== undefined) await this.record.remove(this.#retired)
    this.#retired = undefined
    this.hasReplaced = false
    return this.#request.config.hasStore
  }

  /** Answers false where the session was destroyed meanwhile. */
  commit(session: SessionModel, commit: Commit, apply: Update['apply'] | undefined): Awaitable<boolean> {
    return apply ? this.#update(session, commit, apply) : this.#commit(session, commit, undefined)
  }

  /** Takes everything out of the session, which begins anew. */
  reset(session: SessionModel): void {
    SessionModel.replace(session, {})
    this.record.restart()
  }

  async #update(session: SessionModel, commit: Commit, apply: Update['apply']): Promise<boolean> {
    const update = { before: this.record.copyOf(session), apply }
    try {
      await apply(session)
      return await this.#commit(session, commit, update)
    } catch (error) {
      // Nothing is half-made: the commit at the end of the request does not find the change either.
      SessionModel.replace(session, update.before)
      throw error
    }
  }

  #commit(session: SessionModel, commit: Commit, update: Update | undefined): Awaitable<boolean> {
    if (!this.hasReplaced) return this.#commitChange(session, commit, update, { hasRetired: false })
    return this.removeRetired().then((hasRetired) => this.#commitChange(session, commit, update, { hasRetired }))
  }

  #commitChange(
    session: SessionModel,
    commit: Commit,
    update: Update | undefined,
    { hasRetired }: { hasRetired: boolean },
  ): Awaitable<boolean> {
    const content = this.record.contentOf(session)
    this.#moveIfNeeded(commit, content.data)
    const reason = this.#reasonToWrite(commit, content)
    if (reason) return this.#save(session, content, reason, update, { isMove: commit === 'regenerate' })
    if (hasRetired) return this.record.clear().then(() => true)
    return this.record.held.isOutdated ? this.record.renewSignature().then(() => true) : true
  }

  async #save(
    session: SessionModel,
    first: Content,
    reason: WriteReason,
    update: Update | undefined,
    { isMove }: { isMove: boolean },
  ): Promise<boolean> {
    const { beforeSave } = this.#request.settings
    if (beforeSave) await beforeSave(this.#request.ctx, session as never)
    const content = beforeSave ? this.record.contentOf(session) : first
    // Where there is more to write than a longer life, the record is written whole.
    const isRenewal = reason === 'rolling' || reason === 'renew'
    const isAsRead = isRenewal && this.record.hasSameMaxAge && !(beforeSave && this.record.isChanged(content))
    const wasForced = this.isForced
    this.isForced = false
    try {
      const isThere = await this.#writer.write(session, content, isRenewal && !isAsRead ? 'forced' : reason, update)
      this.#isWritten ||= isThere
      // Who moves a session goes on with an empty one.
      if (!isThere && isMove) this.reset(session)
      return isThere || isMove
    } catch (error) {
      this.isForced ||= wasForced
      // A renewal of what is as it was read loses no data.
      if (!isAsRead || !this.#request.tolerates(error)) throw error
      this.record.reportError(error)
      return true
    }
  }

  /** A session moves to a new id by order, and when it changes hands. */
  #moveIfNeeded(commit: Commit, data: Dictionary): void {
    const changesHands = this.record.hasOtherOwner(data)
    if (changesHands) this.record.restart()
    if (commit === 'regenerate' || changesHands) this.record.move()
  }

  #reasonToWrite(commit: Commit, content: Content): WriteReason | undefined {
    const { rolling, renew } = this.#request.settings
    if (this.isForced || commit === 'save' || commit === 'regenerate') return 'forced'
    if (!this.record.exists && Object.keys(content.data).length === 0) return undefined
    if (this.record.isChanged(content)) return 'changed'
    if (commit === 'touch') return 'rolling'
    if (this.#isWritten) return undefined
    if (rolling) return 'rolling'
    return renew && this.record.isExtendable && this.#isHalfOver() ? 'renew' : undefined
  }

  #isHalfOver(): boolean {
    const { maxAge } = this.#request
    const { expire } = this.record
    return expire !== undefined && maxAge !== 'session' && expire - Date.now() < maxAge / 2
  }
}
