import { setTimeout } from 'node:timers/promises'
import { andThen, isPromise, type Awaitable } from './contracts/awaitable'
import type { Loaded, WriteReason } from './contracts/backend'
import { SessionError } from './errors'
import { findSession } from './find-session'
import { HeldToken } from './held-token'
import { ttlOf } from './options'
import { createdAt, dataOf, isUnder, lifetimeOf, toRecord, type Dictionary, type SessionRecord } from './record'
import { SessionModel } from './session'
import type { SessionRequest } from './session-request'
import { copy, merge, Snapshot } from './snapshot'

/** How often a write is tried while other requests change the record, or while new ids turn out to be taken. */
const MAX_ATTEMPTS = 10

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
  #wasSought = false
  #id: string | undefined
  #nextId: Awaitable<string> | undefined
  /** When the session began: milliseconds since 1970. */
  #created: number | undefined
  /** What changes are measured against; undefined while nothing is at rest. */
  #snapshot: Snapshot | undefined

  constructor(request: SessionRequest) {
    this.#request = request
    this.#held = new HeldToken(request)
  }

  get exists(): boolean {
    return this.#snapshot !== undefined
  }

  /** When the record expires; undefined where it does not say. */
  get expire(): number | undefined {
    return this.#snapshot?.expire
  }

  /** The id, where there is a store. A new session is given one when it is first asked for, or written. */
  get id(): string | undefined {
    if (this.#id === undefined && this.#request.config.hasStore) {
      this.#nextId ??= this.#request.config.newId(this.#request.ctx)
      if (!isPromise(this.#nextId)) this.#id = this.#nextId
    }
    return this.#id
  }

  /** Whether the record has to be written whole: its data changed, or the timeouts that it was written under. */
  isChanged(data: Dictionary): boolean {
    return this.#snapshot === undefined || !this.#snapshot.isCurrent || this.#snapshot.isChanged(data)
  }

  /** Whether there is a record, and it belongs to another account than `data`. */
  hasOtherOwner(data: Dictionary): boolean {
    return this.#snapshot !== undefined && this.#snapshot.owner !== this.#ownerOf(data)
  }

  /** The data of a session, copied all the way down. */
  copyOf(session: SessionModel): Dictionary {
    return copy(SessionModel.data(session), this.#request.backend.serializer)
  }

  /** Answers the data of the session that the client presents, if it is accepted. */
  find(): Awaitable<Dictionary | undefined> {
    return andThen(findSession(this.#request), (found) => {
      this.#wasSought = true
      if (!found) return undefined
      this.#held.accept(found.presented)
      return this.#remember(found)
    })
  }

  /**
   * Writes the session and hands its token to the client. Answers false where the record was destroyed meanwhile:
   * then nothing is written, and the client is made to forget it.
   */
  async write(session: SessionModel, reason: WriteReason, update?: Update): Promise<boolean> {
    if (this.#request.config.hasStore) this.#id = this.id ?? (await this.#nextId)
    const first = await this.#tryToWrite(session, reason)
    if (first !== undefined) return first
    // Within this process, those who are in each other's way go one by one; what is left is other processes.
    return this.#request.config.turns.take(this.#id as string, () => this.#retry(session, reason, update))
  }

  /**
   * Gives the session a new id, and removes the record under the old one or leaves a pointer in its place. Answers
   * false where the record was destroyed meanwhile.
   */
  async move(): Promise<boolean> {
    const { backend, config, ctx, storeRequest } = this.#request
    const oldId = this.exists ? this.#id : undefined
    if (oldId !== undefined) {
      const { graceMs } = config.options
      const newId = await config.newId(ctx)
      const existed = graceMs ? await backend.redirect(oldId, newId, graceMs, storeRequest) : await this.remove(oldId)
      if (!existed) return this.#lose()
      this.#forget()
      this.#id = newId
    }
    this.#snapshot = undefined
    await this.clear()
    return true
  }

  /** Lets the session begin anew: its absolute timeout counts from the next write. */
  restart(): void {
    this.#created = undefined
  }

  /** Lets go of the record, and answers the id under which it is to be removed. */
  release(): string | undefined {
    const id = this.exists ? this.#id : undefined
    this.#forget()
    this.restart()
    return id
  }

  /** Removes what rests under `id`; answers false where there was nothing. */
  async remove(id: string): Promise<boolean> {
    return this.#request.backend.remove(id, this.#request.storeRequest)
  }

  /** Ends the session: removes the record, also one that was never read, and makes the client forget it. */
  async end(): Promise<void> {
    const id = this.#wasSought ? (this.exists ? this.#id : undefined) : await this.#held.readId()
    if (id !== undefined) await this.remove(id)
    this.release()
    await this.clear()
  }

  /** Makes the client forget the session. */
  async clear(): Promise<void> {
    await this.#held.clear(this.#id)
  }

  /** Signs a good cookie anew where its key is no longer the first. */
  async renewSignature(): Promise<void> {
    await this.#held.renewSignature(this.expire)
  }

  /** Answers undefined where the write is to be tried again. */
  async #tryToWrite(session: SessionModel, reason: WriteReason): Promise<boolean | undefined> {
    const { backend, config, maxAge, storeRequest } = this.#request
    const now = Date.now()
    this.#created ??= now
    const data = SessionModel.data(session)
    const record = toRecord(data, { ...config.options, maxAge }, this.#created, now)
    const left = record._expire === undefined ? 'session' : record._expire - now
    const ttl = ttlOf(left, config.options.ttl)
    const owner = this.#ownerOf(data)
    const request = owner === undefined ? storeRequest : { ...storeRequest, owner }
    const result = await backend.write({ id: this.#id, record, ttl, base: this.#snapshot, reason }, request)
    switch (result.outcome) {
      case 'written':
        this.#snapshot = this.#snapshotOf(data, record, result.revision)
        await this.#held.hand(result.token, left, this.#id)
        return true
      case 'taken':
        this.#forget()
        this.#id = this.id ?? (await this.#nextId)
        return undefined
      case 'conflict':
        return undefined
      case 'missing':
        return this.#lose()
    }
  }

  async #retry(session: SessionModel, reason: WriteReason, update: Update | undefined): Promise<boolean> {
    for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt++) {
      if (this.exists && !(await this.#rebase(session, update))) return this.#lose()
      const result = await this.#tryToWrite(session, reason)
      if (result !== undefined) return result
      await setTimeout(Math.random() * 2 ** attempt)
    }
    throw new SessionError(
      'ERR_SESSION_CONFLICT',
      `The session could not be written: in ${MAX_ATTEMPTS} attempts, other requests were faster each time or each new ` +
        'id was taken. Nothing was written; the request can be made again.',
      { status: 503 },
    )
  }

  /** Reads the record again and puts this request's changes on top of it; answers false where it is gone. */
  async #rebase(session: SessionModel, update: Update | undefined): Promise<boolean> {
    const { backend, config, storeRequest } = this.#request
    const { onConflict } = config.options
    const loaded = await backend.load(this.#id as string, storeRequest)
    if (!loaded) return false
    this.#request.report('conflict', this.#id, {})
    const base = (this.#snapshot as Snapshot).data
    const mine = update ? update.before : SessionModel.data(session)
    const theirs = this.#remember(loaded)
    SessionModel.replace(session, merge(base, mine, theirs, { serializer: backend.serializer, onConflict }))
    if (!update) return true
    update.before = this.copyOf(session)
    await update.apply(session)
    return true
  }

  #remember({ record, revision, id }: Loaded): Dictionary {
    const data = dataOf(record)
    this.#id = id
    this.#created = createdAt(record, Date.now())
    this.#snapshot = this.#snapshotOf(data, record, revision)
    if (!this.#request.isMaxAgeChosen) this.#request.maxAge = lifetimeOf(record) ?? this.#request.config.options.maxAge
    return data
  }

  #snapshotOf(data: Dictionary, record: SessionRecord, revision: unknown): Snapshot {
    const isCurrent = isUnder(record, this.#request.config.options)
    const { serializer } = this.#request.backend
    return new Snapshot(data, serializer, revision, record._expire, isCurrent, this.#ownerOf(data))
  }

  #ownerOf(data: Dictionary): string | undefined {
    const owner = this.#request.config.options.owner?.(data) ?? undefined
    return owner === undefined ? undefined : String(owner)
  }

  async #lose(): Promise<false> {
    this.#request.report('gone', this.#id, {})
    await this.clear()
    this.#forget()
    return false
  }

  #forget(): void {
    this.#id = undefined
    this.#nextId = undefined
    this.#snapshot = undefined
  }
}
