import type { Awaitable } from '../../base/awaitable'
import { SessionError } from '../../base/errors'
import { retry } from '../../base/retry'
import { accessOf } from '../../session/access'
import { dataOf, isExpired, type Dictionary, type SessionRecord } from '../../session/record'
import type { Session, SessionData } from '../../session/session'
import { readBy, SessionModel, type SessionHost } from '../../session/session-model'
import { watchOf, type Held } from '../../watch/watch'
import { commit } from '../commit/commit'
import { newJob, type CommitJob, type CommitRequest, type Outcome } from '../commit/commit-job'
import { crossSiteError } from '../scope/cross-site'
import { Draft } from '../commit/draft'
import { inHook, nested, refuseInHook } from '../scope/hooks'
import { LazyToken } from '../open/lazy-token'
import { openSession, type Opened } from '../open/open-session'
import type { OutsideScope } from './outside-scope'
import { deadlineIn, endsOf, isStillOpen, knownOf } from './signal'
import { storedFrom, type Stored } from '../open/stored'
import { removeVoid, verdictOn } from '../open/void-session'
import { updateUntilWritten } from '../commit/update-loop'
import { tolerates } from '../scope/tolerates'

/** A session as a verb has found it. */
interface Found {
  stored: Stored
  live: SessionModel
}

/**
 * A session that is used outside the life cycle of a request: by a websocket, a stream of events, a job.
 *
 * Each verb looks at the record first: a session that was ended, has changed hands or has timed out is never written. No verb
 * tells the client anything. Call {@link HeldSession.release} when you are done; until then, `signal` is watched.
 *
 * @example
 * const { sessions } = session({ store: new MemoryStore() }, app)
 * async function countJob(cookie: string): Promise<void> {
 *   const held = await sessions.open({ headers: { cookie } })
 *   await held?.update((data) => { data.views = (data.views ?? 0) + 1 })
 *   held?.release()
 * }
 */
export class HeldSession<Data extends object = SessionData> {
  readonly #scope: OutsideScope
  readonly #host: SessionHost
  readonly #held: Held
  /** What its verbs stand in line for: what one has written is known to the next. */
  readonly #line = {}
  #stored: Stored
  #data: Dictionary
  #isOver = false

  private constructor(scope: OutsideScope, stored: Stored, record: SessionRecord) {
    this.#scope = scope
    this.#stored = stored
    this.#data = dataOf(record)
    this.#host = this.#makeHost()
    this.#held = watchOf(scope.config).hold({
      id: stored.id,
      known: () => (this.#isOver ? undefined : knownOf(this.#stored)),
      deadlineOf: (record) => deadlineIn(scope, record ? accessOf(record) : this.#stored.access),
      ends: endsOf(scope, () => this.#stored),
      load: () => scope.load(stored.id as string),
    })
  }

  /** Opens the session that a request presents; undefined where it presents none that is accepted. */
  static async open<Data extends object>(scope: OutsideScope): Promise<HeldSession<Data> | undefined> {
    const opened = await find(scope)
    if (!opened?.stored) return undefined
    scope.followMaxAge(opened.record)
    return new HeldSession<Data>(scope, opened.stored, opened.record)
  }

  /** The key of the session's record, the same for its whole life. Undefined for a session in its cookie. */
  get id(): string | undefined {
    return this.#stored.id
  }

  /** The data as they were when the session was opened, or after the last verb. A change of them is not written. */
  get data(): Readonly<Data> {
    return this.#data as Data
  }

  /**
   * Aborted when the session is destroyed or revoked, changes hands, or times out: at once within this process and over the
   * option `bus`, and within `recheckEvery` in any case. A session that is bound to a device ends here with the cookie that it was
   * opened with. Its reason is a {@link SessionError} with the code `ERR_SESSION_ENDED`.
   */
  get signal(): AbortSignal {
    return this.#held.signal
  }

  /**
   * Changes the session and writes it at once. `change` gets a copy of the session as it is now; where a request was faster, it
   * runs again on the fresh data, with all that it does: it changes data alone.
   *
   * @returns the data, or null where the session was ended
   * @throws {SessionError} `ERR_SESSION_OWNER_CHANGED` where the session would get another owner, `ERR_SESSION_CONFLICT` where others
   * were faster every time, `ERR_SESSION_READ_ONLY` for a session in its cookie
   */
  async update(change: (session: Session<Data>) => Awaitable<unknown>): Promise<Readonly<Data> | null> {
    this.#refuse('update')
    const { turn, config } = this.#scope
    const { keyedLock } = config
    const attempt = (): Promise<true | undefined> => this.#update(change)
    await keyedLock.hold(this.#line, () =>
      updateUntilWritten(attempt, () => this.id, { turn, keyedLock, holder: this }),
    )
    return this.#isOver ? null : this.data
  }

  /**
   * Extends the life of the session from now on.
   *
   * @throws {SessionError} `ERR_SESSION_READ_ONLY` for a session in its cookie
   */
  async touch(): Promise<void> {
    this.#refuse('touch')
    await this.#scope.config.keyedLock.hold(this.#line, async () => {
      const found = await this.#look()
      if (found) this.#conclude(found, await commit(this.#jobOf(found, { verb: 'touch' })))
    })
  }

  /**
   * Ends the session: removes its record. The client keeps a cookie that opens nothing.
   *
   * @throws {SessionError} `ERR_SESSION_READ_ONLY` for a session in its cookie
   */
  async destroy(): Promise<void> {
    this.#refuse('destroy')
    await retry(async () => {
      const found = await this.#look()
      if (!found) return true
      const { id, revision, snapshot } = found.stored
      const at = { revision, expire: snapshot.lifetime._expire }
      if (!(await this.#scope.backend.remove(id as string, this.#scope.storeContext, at))) return undefined
      this.#scope.reportEnd(id as string, snapshot.owner, 'logout')
      return true
    })
    this.#end()
  }

  /** Lets go of the session: `signal` is not watched any more, and nothing is held. The verbs still work. */
  release(): void {
    this.#held.release()
  }

  async #update(change: (session: Session<Data>) => Awaitable<unknown>): Promise<true | undefined> {
    const found = await this.#look()
    if (!found) return true
    const draft = new Draft(found.live, this.#host, this.#scope, { ...found, merges: 0 })
    await inHook(this.#scope, () => change(draft.session as unknown as Session<Data>))
    let outcome: Outcome
    try {
      draft.apply()
      outcome = await commit(this.#jobOf(found, { verb: 'commit', draft }))
    } catch (error) {
      draft.undo()
      throw error
    }
    if (outcome.name === 'again') return undefined
    this.#conclude(found, outcome)
    return true
  }

  /** The session as it is now; undefined where it is over. */
  async #look(): Promise<Found | undefined> {
    const { id, access } = this.#stored
    if (this.#isOver) return undefined
    const loaded = await this.#scope.load(id as string)
    const isHere = loaded && !isExpired(loaded.record, this.#scope.policyOf(loaded.record), Date.now())
    if (!isHere || !isStillOpen(this.#scope, access, accessOf(loaded.record))) return this.#end()
    const verdict = await verdictOn(this.#scope, id, loaded.record)
    if (verdict !== 'good') {
      await removeVoid(this.#scope, id as string, loaded, verdict)
      return this.#end()
    }
    this.#scope.followMaxAge(loaded.record)
    const stored = storedFrom(this.#scope, id, loaded, undefined)
    this.#note(stored, loaded.record)
    return { stored, live: readBy(this.#host, loaded.record) }
  }

  #jobOf({ stored, live }: Found, request: CommitRequest): CommitJob {
    return newJob(this.#scope, live, request, {
      stored,
      newToken: new LazyToken(this.#scope),
      mustWrite: false,
    })
  }

  #conclude({ live }: Found, outcome: Outcome): void {
    if (outcome.name === 'gone' || outcome.name === 'detached') return this.#end()
    if (outcome.name !== 'written') return
    // It is in the record now, and others may choose another one.
    this.#scope.unchooseMaxAge()
    this.#note(outcome.stored, SessionModel.data(live))
  }

  #note(stored: Stored, record: object): void {
    this.#stored = stored
    this.#data = dataOf(record)
  }

  #end(): undefined {
    this.#isOver = true
    this.#held.end()
  }

  #makeHost(): SessionHost {
    const scope = this.#scope
    return {
      get maxAge() {
        return scope.maxAge
      },
      set maxAge(maxAge) {
        scope.chooseMaxAge(maxAge)
      },
      token: undefined,
      commit: () => Promise.reject(nested('through what update() hands over', 'update() writes it.')),
    }
  }

  #refuse(verb: string): void {
    refuseInHook(this.#scope)
    if (this.#scope.config.hasStore) return
    throw new SessionError(
      'ERR_SESSION_READ_ONLY',
      `${verb}() was called outside a request on a session that rests in its cookie, and only a response can change a ` +
        'cookie. Do it in a request, or keep sessions in a "store".',
    )
  }
}

async function find(scope: OutsideScope): Promise<Opened> {
  scope.noteRead()
  const { crossSite } = scope.config
  if (crossSite && crossSiteError(scope.ctx, crossSite)) return undefined
  try {
    const { tokens } = await scope.config.transport.read(scope.ctx, scope.attributes)
    return await openSession(scope, tokens)
  } catch (error) {
    if (!tolerates(scope, error)) throw error
    scope.report('error', undefined, { error })
    return undefined
  }
}
