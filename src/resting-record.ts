import { andThen, isPromise, type Awaitable } from './contracts/awaitable'
import type { Loaded, WriteReason } from './contracts/backend'
import type { Presented } from './contracts/transport'
import { SessionError } from './errors'
import type { SessionEvents } from './events'
import { findSession, type FoundSession } from './find-session'
import { isSessionId } from './id'
import { ttlOf } from './options'
import { dataOf, lifetimeOf, toRecord, type Dictionary } from './record'
import { SessionModel } from './session'
import type { SessionRequest } from './session-request'
import { merge, Snapshot } from './snapshot'

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
  #presented: Presented | undefined
  #wasSought = false
  #id: string | undefined
  #nextId: Awaitable<string> | undefined
  /** What changes are measured against; undefined while nothing is at rest. */
  #snapshot: Snapshot | undefined

  constructor(request: SessionRequest) {
    this.#request = request
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

  isChanged(data: Dictionary): boolean {
    return this.#snapshot === undefined || this.#snapshot.isChanged(data)
  }

  /** Answers the data of the session that the client presents, if it is accepted. */
  find(): Awaitable<Dictionary | undefined> {
    this.#wasSought = true
    return andThen(findSession(this.#request), (found) => found && this.#adopt(found))
  }

  /**
   * Writes the session and hands its token to the client. Answers false where the record was destroyed meanwhile:
   * then nothing is written, and the client is made to forget it.
   */
  async write(session: SessionModel, reason: WriteReason, update?: Update): Promise<boolean> {
    const { backend, config, storeRequest } = this.#request
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (config.hasStore) this.#id = this.id ?? (await this.#nextId)
      const data = SessionModel.data(session)
      const record = toRecord(data, this.#request.maxAge, Date.now())
      const ttl = ttlOf(this.#request.maxAge, config.options.ttl)
      const result = await backend.write({ id: this.#id, record, ttl, base: this.#snapshot, reason }, storeRequest)
      switch (result.outcome) {
        case 'written':
          this.#snapshot = new Snapshot(data, result.revision, record._expire)
          await this.#hand(result.token)
          return true
        case 'taken':
          this.#forget()
          break
        case 'conflict':
          if (!(await this.#rebase(session, update))) return this.#lose()
          break
        case 'missing':
          return this.#lose()
      }
    }
    throw new SessionError(
      'ERR_SESSION_CONFLICT',
      `The session could not be written: in ${MAX_ATTEMPTS} attempts, other requests were faster each time or each new ` +
        'id was taken. Nothing was written; the request can be made again.',
      { status: 503 },
    )
  }

  /** Removes the record and its id, for a session that goes on under a new one. False where it was destroyed meanwhile. */
  async leave(): Promise<boolean> {
    if (this.exists && this.#id !== undefined && !(await this.remove(this.#id))) return this.#lose()
    this.#forget()
    await this.clear()
    return true
  }

  /** Lets go of the record, and answers the id under which it is to be removed. */
  release(): string | undefined {
    const id = this.exists ? this.#id : undefined
    this.#forget()
    return id
  }

  /** Removes what rests under `id`; answers false where there was nothing. */
  async remove(id: string): Promise<boolean> {
    return this.#request.backend.remove(id, this.#request.storeRequest)
  }

  /** Ends the session: removes the record, also one that was never read, and makes the client forget it. */
  async end(): Promise<void> {
    const id = this.#wasSought ? this.release() : await this.#presentedId()
    if (id !== undefined) await this.remove(id)
    await this.clear()
  }

  /** Makes the client forget the session. */
  async clear(): Promise<void> {
    if (this.#isTooLate('removal')) return
    await this.#request.config.transport.clear(this.#request.ctx, this.#request.attributes())
  }

  /** Signs a good cookie anew where its key is no longer the first; its life is not extended. */
  async renewSignature(): Promise<void> {
    if (!this.#presented?.outdated || this.#request.ctx.headerSent) return
    const left = this.expire === undefined ? this.#request.maxAge : Math.max(this.expire - Date.now(), 1)
    await this.#request.config.transport.write(this.#request.ctx, this.#presented.token, this.#request.attributes(left))
    this.#presented = undefined
  }

  #adopt({ presented, id, ...loaded }: FoundSession): Dictionary {
    this.#presented = presented
    this.#id = id
    return this.#remember(loaded)
  }

  #remember({ record, revision }: Loaded): Dictionary {
    const data = dataOf(record)
    this.#snapshot = new Snapshot(data, revision, record._expire)
    if (!this.#request.isMaxAgeChosen) this.#request.maxAge = lifetimeOf(record) ?? this.#request.config.options.maxAge
    return data
  }

  /** Reads the record again and puts this request's changes on top of it; answers false where it is gone. */
  async #rebase(session: SessionModel, update: Update | undefined): Promise<boolean> {
    const loaded = await this.#request.backend.load(this.#id as string, this.#request.storeRequest)
    if (!loaded) return false
    this.#request.report('conflict', this.#id, {})
    const base = (this.#snapshot as Snapshot).data
    const mine = update ? update.before : SessionModel.data(session)
    const theirs = this.#remember(loaded)
    SessionModel.replace(session, merge(base, mine, theirs, this.#request.config.options.onConflict))
    await update?.apply(session)
    return true
  }

  async #lose(): Promise<false> {
    this.#request.report('gone', this.#id, {})
    this.#forget()
    await this.clear()
    return false
  }

  async #hand(token: string): Promise<void> {
    const { config, ctx } = this.#request
    const isKnown = this.#presented?.token === token
    this.#presented = { token }
    if (this.#isTooLate(config.hasStore ? (isKnown ? 'renewal' : 'id') : 'data')) return
    await config.transport.write(ctx, token, this.#request.attributes())
  }

  async #presentedId(): Promise<string | undefined> {
    if (!this.#request.config.hasStore) return undefined
    const presented = await this.#request.config.transport.read(this.#request.ctx, this.#request.attributes())
    return isSessionId(presented?.token) ? presented.token : undefined
  }

  #forget(): void {
    this.#id = undefined
    this.#nextId = undefined
    this.#snapshot = undefined
  }

  #isTooLate(lost: SessionEvents['late']['lost']): boolean {
    if (!this.#request.ctx.headerSent) return false
    this.#request.report('late', this.#id, { lost })
    return true
  }
}
