import { tryAgain } from './attempts'
import { isPromise, type Awaitable } from './contracts/awaitable'
import type { WriteReason } from './contracts/backend'
import { leave } from './departure'
import { merge } from './merge'
import { ttlOf } from './options'
import { dataOf, renewedLifetime, timeLeft, type Dictionary } from './record'
import type { RestingRecord } from './resting-record'
import { SessionModel } from './session'
import type { SessionRequest } from './session-request'
import { Snapshot, type Content } from './snapshot'

/** How long newcomers wait for those who were in another's way, in milliseconds. */
const PATIENCE = 200

/** A change of a session that can be made again, on fresh data, where another request was faster. */
export interface Update {
  /** The data before the change. */
  before: Dictionary
  apply: (session: SessionModel) => Awaitable<unknown>
}

/** Writes a session's record, also where other requests write it meanwhile. */
export class RecordWriter {
  readonly #request: SessionRequest
  readonly #record: RestingRecord

  constructor(request: SessionRequest, record: RestingRecord) {
    this.#request = request
    this.#record = record
  }

  /**
   * Writes the session and hands its token to the client. Answers false where the record was destroyed meanwhile:
   * then nothing is written, and the client is made to forget it.
   */
  async write(session: SessionModel, content: Content, reason: WriteReason, update?: Update): Promise<boolean> {
    const { turns } = this.#request.config
    const id = this.#record.restingId
    // Who was in another's way has their turn first: or newcomers would be faster every time.
    if (id !== undefined && turns.isTaken(id)) await turns.letPass(id, PATIENCE)
    const first = await this.#tryToWrite(content, reason)
    if (typeof first === 'boolean') return first
    // Within this process, those who are in each other's way go one by one; what is left is other processes.
    return turns.take(this.#record.origin?.id ?? (this.#record.sessionId.value as string), () =>
      this.#retry(session, reason, update, first),
    )
  }

  /** Answers whether there was a record to write to, or why the write is to be tried again. */
  async #tryToWrite(content: Content, reason: WriteReason): Promise<boolean | 'conflict' | 'taken'> {
    const record = this.#record
    const { backend, config, maxAge } = this.#request
    const drawn = record.sessionId.draw()
    const id = isPromise(drawn) ? await drawn : drawn
    const now = Date.now()
    record.created ??= now
    const lifetime = renewedLifetime(maxAge, config.options, record.created, now)
    const left = timeLeft(lifetime._expire, record.created, config.options, now)
    const owner = this.#request.ownerOf(content.data)
    const { data, text } = content
    const write = { id, data, text, lifetime, ttl: ttlOf(left, config.options.ttl), base: record.base, reason }
    const writing = backend.write(write, this.#request.storeRequestFor(owner))
    const result = isPromise(writing) ? await writing : writing
    switch (result.outcome) {
      case 'written': {
        // The session was ended and replaced while it was being written.
        if (id !== undefined && id !== record.sessionId.known) return record.remove(id).then(() => true)
        const departed = record.origin ? await leave(this.#request, record.origin, id as string) : 'left'
        if (departed !== 'left') return departed === 'missing' ? record.lose() : 'conflict'
        record.origin = undefined
        record.base = { revision: result.revision }
        if (record.isMoving) await record.clear()
        record.isMoving = false
        const handing = record.held.hand(result.token, maxAge === 'session' ? 'session' : left, id)
        if (isPromise(handing)) await handing
        record.snapshot = Snapshot.ofContent(content, lifetime, owner, backend.serializer)
        return true
      }
      case 'taken':
        record.sessionId.forget()
        return 'taken'
      case 'conflict':
        return 'conflict'
      case 'missing':
        return record.lose()
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
      if (last === 'conflict' && !(await this.#rebase(session, update))) return this.#record.lose()
      const result = await this.#tryToWrite(this.#record.contentOf(session), reason)
      if (typeof result === 'boolean') return result
      last = result
      return undefined
    })
  }

  /** Reads the record again and puts this request's changes on top of it; answers false where it is gone. */
  async #rebase(session: SessionModel, update: Update | undefined): Promise<boolean> {
    const record = this.#record
    const { backend, config, storeRequest } = this.#request
    const { onConflict } = config.options
    const origin = record.origin
    const loaded = await backend.load(origin?.id ?? (record.sessionId.value as string), storeRequest)
    if (!loaded) return false
    this.#request.report('conflict', loaded.id, {})
    const base = (origin?.snapshot ?? record.snapshot)?.data ?? {}
    const mine = update ? update.before : SessionModel.data(session)
    record.remember(loaded)
    const theirs = dataOf(loaded.record)
    SessionModel.replace(session, merge(base, mine, theirs, { serializer: backend.serializer, onConflict }))
    if (update) {
      update.before = record.copyOf(session)
      await update.apply(session)
    }
    if (origin || record.hasOtherOwner(SessionModel.data(session))) record.move()
    return true
  }
}
