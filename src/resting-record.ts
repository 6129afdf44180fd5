import { andThen, type Awaitable } from './contracts/awaitable'
import type { Loaded } from './contracts/backend'
import { findSession, type FoundSession } from './find-session'
import type { Origin } from './departure'
import { HeldToken } from './held-token'
import { createdAt, lifetimeOf, timeLeft, type Dictionary, type SessionRecord } from './record'
import { SessionId } from './session-id'
import { SessionModel } from './session'
import type { SessionRequest } from './session-request'
import { contentOf, copy, Snapshot, type Content } from './snapshot'

/**
 * A session as it is at rest, outside its request: its id, what was last read or written, and how it ends. The client is
 * told of every step in the response.
 */
export class RestingRecord {
  readonly #request: SessionRequest
  readonly held: HeldToken
  readonly sessionId: SessionId
  #wasSought = false
  /** When the session began: milliseconds since 1970. */
  created: number | undefined
  /** What changes are measured against: the data as they were read, or written and handed to the client. */
  snapshot: Snapshot | undefined
  /** The revision of what is at rest, whether or not the client could be told of it. */
  base: { revision: unknown } | undefined
  /** What the session leaves behind when it is next written. */
  origin: Origin | undefined
  /** Whether the next write goes to a new id. */
  isMoving = false

  constructor(request: SessionRequest) {
    this.#request = request
    this.held = new HeldToken(request)
    this.sessionId = new SessionId(request)
  }

  get exists(): boolean {
    return this.snapshot !== undefined
  }

  /** When the record expires; undefined where it does not say. */
  get expire(): number | undefined {
    return this.snapshot?.lifetime._expire
  }

  /** The id, where there is a store. A new session is given one when it is first asked for, or written. */
  get id(): string | undefined {
    return this.sessionId.value
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
    return !this.snapshot?.isCurrent(content, this.#request.config.options)
  }

  /** Whether the record was written with the lifetime that the session has now: then it can be extended as it is. */
  get hasSameMaxAge(): boolean {
    if (!this.snapshot) return false
    return (lifetimeOf(this.snapshot.lifetime) ?? this.#request.config.options.maxAge) === this.#request.maxAge
  }

  /** Whether its life can be extended: an absolute timeout may leave nothing to win. */
  get isExtendable(): boolean {
    const { absoluteTimeout = Infinity } = this.#request.config.options
    return (this.created ?? Infinity) + absoluteTimeout > (this.expire ?? -Infinity)
  }

  /** Whether there is a record, and it belongs to another account than `data`. */
  hasOtherOwner(data: Dictionary): boolean {
    return this.snapshot !== undefined && this.snapshot.owner !== this.#request.ownerOf(data)
  }

  /** Answers the record of the session that the client presents, if it is accepted. */
  find(): Awaitable<SessionRecord | undefined> {
    return andThen(findSession(this.#request), (found) => this.#accept(found))
  }

  #accept(found: FoundSession | undefined): SessionRecord | undefined {
    this.#wasSought = true
    if (!found) return undefined
    this.held.accept(found.presented)
    this.remember(found.loaded)
    return found.loaded.record
  }

  /**
   * Lets the next write go to a new id. What rests under the old one stays until that is written: then it gives way, and
   * what other requests have written there meanwhile comes along.
   */
  move(): void {
    if (this.base && this.snapshot && this.sessionId.known !== undefined) {
      this.origin = { id: this.sessionId.known, base: this.base, snapshot: this.snapshot }
    }
    this.#forget()
    this.isMoving = true
  }

  /** Lets the session begin anew: its absolute timeout counts from the next write. */
  restart(): void {
    this.created = undefined
  }

  /** Lets go of the record, and answers the id under which it is to be removed. */
  release(): string | undefined {
    const id = this.restingId
    this.origin = undefined
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
    for (const id of await this.held.readIds()) await this.remove(id)
  }

  /** Ends the session: removes the record, also one that was never read, and makes the client forget it. */
  async end(): Promise<void> {
    await this.removePresented()
    const id = this.restingId
    if (id !== undefined) await this.remove(id)
    this.release()
    await this.clear()
  }

  /** Makes the client forget the session. */
  async clear(): Promise<void> {
    await this.held.clear(this.sessionId.known)
  }

  /** Signs a good cookie anew where its key is no longer the first. */
  async renewSignature(): Promise<void> {
    const now = Date.now()
    await this.held.renewSignature(timeLeft(this.expire, this.created ?? now, this.#request.config.options, now))
  }

  reportError(error: unknown): void {
    this.#request.report('error', this.exists ? this.id : undefined, { error })
  }

  /** The id under which something rests. */
  get restingId(): string | undefined {
    return this.origin?.id ?? (this.base ? this.sessionId.known : undefined)
  }

  /** Takes over what was read. */
  remember({ record, text, revision, id }: Loaded): void {
    const request = this.#request
    this.sessionId.set(id)
    this.created = createdAt(record, Date.now())
    if (!request.isMaxAgeChosen) request.maxAge = lifetimeOf(record) ?? request.config.options.maxAge
    this.snapshot = Snapshot.ofRecord(record, request.ownerOf(record), request.backend.serializer, text)
    this.base = { revision }
  }

  /** The record is gone. The client keeps its cookie where the session has moved: it may hold the new id already. */
  async lose(): Promise<false> {
    const id = this.origin?.id ?? this.sessionId.known
    this.#request.report('gone', id, {})
    if (id === undefined || !this.#request.config.moved.has(id)) await this.clear()
    this.origin = undefined
    this.#forget()
    return false
  }

  #forget(): void {
    this.sessionId.forget()
    this.snapshot = undefined
    this.base = undefined
  }
}
