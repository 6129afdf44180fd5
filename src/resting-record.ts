import { tryAgain } from './attempts'
import { isPromise, type Awaitable } from './contracts/awaitable'
import type { Loaded, WriteReason } from './contracts/backend'
import { findSession, type FoundSession } from './find-session'
import { leave, type Origin } from './departure'
import { HeldToken } from './held-token'
import { merge } from './merge'
import { ttlOf } from './options'
import { createdAt, dataOf, lifetimeOf, renewedLifetime, timeLeft, type Dictionary, type SessionRecord } from './record'
import { SessionId } from './session-id'
import { SessionModel } from './session'
import type { SessionRequest } from './session-request'
import { contentOf, copy, Snapshot, type Content } from './snapshot'

/** How long newcomers wait for those who were in another's way, in milliseconds. */
const PATIENCE = 200

/** A change of a session that can be made again, on fresh data, where another request was faster. */
export interface Update {
  /** The data before the change. */
  before: Dictionary
  apply: (session: SessionModel) => Awaitable<unknown>
}

/**
 * A session as it is at rest, outside its request: the id, the data as they were last read or written, and each step
 * that changes them. The client is told of every step in the response.
 */
export class RestingRecord {
  readonly #request: SessionRequest
  readonly #held: HeldToken
  readonly #id: SessionId
  #wasSought = false
  /** When the session began: milliseconds since 1970. */
  #created: number | undefined
  /** What changes are measured against: the data as they were read, or written and handed to the client. */
  #snapshot: Snapshot | undefined
  /** The revision of what is at rest, whether or not the client could be told of it. */
  #base: { revision: unknown } | undefined
  /** What the session leaves behind when it is next written. */
  #origin: Origin | undefined
  #isMoving = false

  constructor(request: SessionRequest) {
    this.#request = request
    this.#held = new HeldToken(request)
    this.#id = new SessionId(request)
  }

  get exists(): boolean {
    return this.#snapshot !== undefined
  }

  /** When the record expires; undefined where it does not say. */
  get expire(): number | undefined {
    return this.#snapshot?.lifetime._expire
  }

  /** The id, where there is a store. A new session is given one when it is first asked for, or written. */
  get id(): string | undefined {
    return this.#id.value
  }

  /** The data of a session as they are now, and their text. */
  contentOf(session: SessionModel): Content {
    return contentOf(SessionModel.data(session), this.#request.backend.serializer)
  }

  /** The data of a session, copied all the way down. */
  copyOf(session: SessionModel): Dictionary {
    return copy(SessionModel.data(session), this.#request.backend.serializer)
  }

  /** Whether the record has to be written whole: its data changed, or the timeouts that it was written under. */
  isChanged(content: Content): boolean {
    return !this.#snapshot?.isCurrent(content, this.#request.config.options)
  }

  /** Whether the record can be extended as it is. */
  isAsWritten(content: Content): boolean {
    if (!this.#snapshot || this.isChanged(content)) return false
    return (lifetimeOf(this.#snapshot.lifetime) ?? this.#request.config.options.maxAge) === this.#request.maxAge
  }

  /** Whether its life can be extended: an absolute timeout may leave nothing to win. */
  get isExtendable(): boolean {
    const { absoluteTimeout = Infinity } = this.#request.config.options
    return (this.#created ?? Infinity) + absoluteTimeout > (this.expire ?? -Infinity)
  }

  /** Whether there is a record, and it belongs to another account than `data`. */
  hasOtherOwner(data: Dictionary): boolean {
    return this.#snapshot !== undefined && this.#snapshot.owner !== this.#request.ownerOf(data)
  }

  /** Whether the client's cookie is good and to be signed anew. */
  get isOutdated(): boolean {
    return this.#held.isOutdated
  }

  /** Answers the record of the session that the client presents, if it is accepted. */
  find(): Awaitable<SessionRecord | undefined> {
    const finding = findSession(this.#request)
    return isPromise(finding) ? finding.then((found) => this.#accept(found)) : this.#accept(finding)
  }

  #accept(found: FoundSession | undefined): SessionRecord | undefined {
    this.#wasSought = true
    if (!found) return undefined
    this.#held.accept(found.presented)
    this.#remember(found.loaded)
    return found.loaded.record
  }

  /**
   * Writes the session and hands its token to the client. Answers false where the record was destroyed meanwhile:
   * then nothing is written, and the client is made to forget it.
   */
  async write(session: SessionModel, content: Content, reason: WriteReason, update?: Update): Promise<boolean> {
    const { turns } = this.#request.config
    const id = this.#restingId
    // Who was in another's way has their turn first: or newcomers would be faster every time.
    if (id !== undefined && turns.isTaken(id)) await turns.letPass(id, PATIENCE)
    const first = await this.#tryToWrite(content, reason)
    if (typeof first === 'boolean') return first
    // Within this process, those who are in each other's way go one by one; what is left is other processes.
    return turns.take(this.#origin?.id ?? (this.#id.value as string), () => this.#retry(session, reason, update, first))
  }

  /**
   * Lets the next write go to a new id. What rests under the old one stays until that is written: then it gives way, and
   * what other requests have written there meanwhile comes along.
   */
  move(): void {
    if (this.#base && this.#snapshot && this.#id.known !== undefined) {
      this.#origin = { id: this.#id.known, base: this.#base, snapshot: this.#snapshot }
    }
    this.#forget()
    this.#isMoving = true
  }

  /** Lets the session begin anew: its absolute timeout counts from the next write. */
  restart(): void {
    this.#created = undefined
  }

  /** Lets go of the record, and answers the id under which it is to be removed. */
  release(): string | undefined {
    const id = this.#restingId
    this.#origin = undefined
    this.#forget()
    this.restart()
    return id
  }

  /** Removes what rests under `id`; answers false where there was nothing. */
  async remove(id: string): Promise<boolean> {
    return this.#request.backend.remove(id, this.#request.storeRequest)
  }

  /** Removes the records that the client presents ids of, where nothing was read. */
  async removePresented(): Promise<void> {
    if (this.#wasSought) return
    for (const id of await this.#held.readIds()) await this.remove(id)
  }

  /** Ends the session: removes the record, also one that was never read, and makes the client forget it. */
  async end(): Promise<void> {
    await this.removePresented()
    const id = this.#restingId
    if (id !== undefined) await this.remove(id)
    this.release()
    await this.clear()
  }

  /** Makes the client forget the session. */
  async clear(): Promise<void> {
    await this.#held.clear(this.#id.known)
  }

  /** Signs a good cookie anew where its key is no longer the first. */
  async renewSignature(): Promise<void> {
    const now = Date.now()
    await this.#held.renewSignature(timeLeft(this.expire, this.#created ?? now, this.#request.config.options, now))
  }

  reportError(error: unknown): void {
    this.#request.report('error', this.exists ? this.id : undefined, { error })
  }

  get #restingId(): string | undefined {
    return this.#origin?.id ?? (this.#base ? this.#id.known : undefined)
  }

  /** Answers whether there was a record to write to, or why the write is to be tried again. */
  async #tryToWrite(content: Content, reason: WriteReason): Promise<boolean | 'conflict' | 'taken'> {
    const { backend, config, maxAge } = this.#request
    const drawn = this.#id.draw()
    const id = isPromise(drawn) ? await drawn : drawn
    const now = Date.now()
    this.#created ??= now
    const lifetime = renewedLifetime(maxAge, config.options, this.#created, now)
    const left = timeLeft(lifetime._expire, this.#created, config.options, now)
    const owner = this.#request.ownerOf(content.data)
    const { data, text } = content
    const write = { id, data, text, lifetime, ttl: ttlOf(left, config.options.ttl), base: this.#base, reason }
    const writing = backend.write(write, this.#request.storeRequestFor(owner))
    const result = isPromise(writing) ? await writing : writing
    switch (result.outcome) {
      case 'written': {
        // The session was ended and replaced while it was being written.
        if (id !== undefined && id !== this.#id.known) return this.remove(id).then(() => true)
        const departed = this.#origin ? await leave(this.#request, this.#origin, id as string) : 'left'
        if (departed !== 'left') return departed === 'missing' ? this.#lose() : 'conflict'
        this.#origin = undefined
        this.#base = { revision: result.revision }
        if (this.#isMoving) await this.clear()
        this.#isMoving = false
        const handing = this.#held.hand(result.token, maxAge === 'session' ? 'session' : left, id)
        if (isPromise(handing)) await handing
        this.#snapshot = Snapshot.ofContent(content, lifetime, owner, backend.serializer)
        return true
      }
      case 'taken':
        this.#id.forget()
        return 'taken'
      case 'conflict':
        return 'conflict'
      case 'missing':
        return this.#lose()
    }
  }

  async #retry(
    session: SessionModel,
    reason: WriteReason,
    update: Update | undefined,
    first: 'conflict' | 'taken',
  ): Promise<boolean> {
    let last = first
    return tryAgain(async () => {
      if (last === 'conflict' && !(await this.#rebase(session, update))) return this.#lose()
      const result = await this.#tryToWrite(this.contentOf(session), reason)
      if (typeof result === 'boolean') return result
      last = result
      return undefined
    })
  }

  /** Reads the record again and puts this request's changes on top of it; answers false where it is gone. */
  async #rebase(session: SessionModel, update: Update | undefined): Promise<boolean> {
    const { backend, config, storeRequest } = this.#request
    const { onConflict } = config.options
    const origin = this.#origin
    const loaded = await backend.load(origin?.id ?? (this.#id.value as string), storeRequest)
    if (!loaded) return false
    this.#request.report('conflict', loaded.id, {})
    const base = (origin?.snapshot ?? this.#snapshot)?.data ?? {}
    const mine = update ? update.before : SessionModel.data(session)
    this.#remember(loaded)
    const theirs = dataOf(loaded.record)
    SessionModel.replace(session, merge(base, mine, theirs, { serializer: backend.serializer, onConflict }))
    if (update) {
      update.before = this.copyOf(session)
      await update.apply(session)
    }
    if (origin || this.hasOtherOwner(SessionModel.data(session))) this.move()
    return true
  }

  #remember({ record, text, revision, id }: Loaded): void {
    const request = this.#request
    this.#id.set(id)
    this.#created = createdAt(record, Date.now())
    if (!request.isMaxAgeChosen) request.maxAge = lifetimeOf(record) ?? request.config.options.maxAge
    this.#snapshot = Snapshot.ofRecord(record, request.ownerOf(record), request.backend.serializer, text)
    this.#base = { revision }
  }

  /** The client keeps its cookie where the session has moved: it may hold the new id already. */
  async #lose(): Promise<false> {
    const id = this.#origin?.id ?? this.#id.known
    this.#request.report('gone', id, {})
    if (id === undefined || !this.#request.config.moved.has(id)) await this.clear()
    this.#origin = undefined
    this.#forget()
    return false
  }

  #forget(): void {
    this.#id.forget()
    this.#snapshot = undefined
    this.#base = undefined
  }
}
