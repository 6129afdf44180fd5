import { setTimeout } from 'node:timers/promises'
import type { Awaitable } from '../base/awaitable'
import { SessionError } from '../base/errors'
import { monotonic } from '../base/monotonic'
import type { BusMessage } from '../contracts/bus'
import type { EndSet, EndStore } from '../contracts/end-store'
import type { EndedBy } from '../session/explanation-words'
import {
  beginning,
  beginningOfNobody,
  judgeAnyhow,
  judgeById,
  judging,
  judgingAll,
  setting,
  type Asking,
  type Begun,
  type Follower,
} from './asking'
import type { Arrival } from './beginning'
import { EndMemory } from './end-memory'
import { endedBy } from './ended-by'
import type { Verdict } from './judgement'
import { EndKeys, isIdKey, type Holder, type Origin } from './keys'
import { runOn, type Guarded } from './run'

/** What the ends of a service are made of. */
export interface EndsParts {
  readonly store: EndStore
  readonly scope: string
  /** Whether the id of a session is what a client opens it with. */
  readonly areIdsSecret: boolean
  /** Whether sessions have owners. */
  readonly hasOwners: boolean
  readonly by: ((data: object) => readonly string[]) | undefined
  readonly maxStale: number
  readonly accepts: boolean
  /** For how long a copy of a session can live, in milliseconds. */
  readonly life: number
  /** The same, once sessions may have a life of their own. */
  readonly longestLife: number
  /** Calls the store: what it throws is a SessionError. */
  readonly call: Guarded
  readonly publish: (message: BusMessage) => void
  readonly failed: (error: unknown) => void
  readonly lost: () => void
}

/** How a key is ended. */
export interface HowToEnd {
  /** The session that goes on. */
  readonly spare?: Origin
  /** Later sessions end too. */
  readonly later?: boolean
}

/** How much longer than its sessions an end is kept, for requests that are under way. */
const GRACE_MS = 60 * 60 * 1000

/** The ends of one service's sessions: what has ended, what begins, and what this process remembers of it. */
export class Ends {
  readonly #parts: EndsParts
  readonly #memory: EndMemory
  readonly #follower: Follower
  readonly #keys: EndKeys
  /** Whether some sessions may live for longer than the options say. */
  #knowsLongLives = false

  constructor(parts: EndsParts) {
    const { maxStale, accepts, failed } = parts
    this.#parts = parts
    this.#memory = new EndMemory(maxStale, isIdKey)
    this.#keys = new EndKeys(parts.scope, parts.by, parts.areIdsSecret)
    const { everybody, losses } = this.#keys
    const { lost } = parts
    const forgot = (): void => void (this.#knowsLongLives = false)
    this.#follower = { memory: this.#memory, clock: monotonic, everybody, losses, accepts, failed, lost, forgot }
  }

  /** Whether requests go on where the store of ends fails. */
  get accepts(): boolean {
    return this.#parts.accepts
  }

  /** What is known when a request comes, at this time of the monotonic clock. */
  arriveAt(at: number): Arrival {
    return { at, floor: this.#memory.floor }
  }

  /** A message of the bus. */
  hear(message: BusMessage): void {
    if (message.kind === 'key') this.#memory.hear(message)
    else if (message.kind === 'lost') this.#memory.loseMessages()
  }

  /** Whether a session that is opened goes on. */
  judge(origin: Origin, holder: Holder): Awaitable<Verdict> {
    const quick = judgeById(this.#memory, origin.since, () => this.#keys.claimOf(origin), monotonic())
    if (quick) return quick
    const claim = this.#keys.claimOf(origin)
    return this.#run(judging(this.#follower, claim, () => this.#keys.ofSession(claim, holder)))
  }

  /** Which of these sessions go on: one question for all of them. */
  async whichGoOn(sessions: readonly (readonly [Origin, Holder])[]): Promise<boolean[]> {
    const all = sessions.map(([origin, holder]) => {
      const claim = this.#keys.claimOf(origin)
      return { claim, keys: this.#keys.ofSession(claim, holder) }
    })
    if (all.length === 0) return []
    const verdicts = await this.#run(judgingAll(this.#follower, all))
    return verdicts.map((verdict) => verdict === 'good')
  }

  /** All keys of a session, as messages call them. */
  keysOf(origin: Origin, holder: Holder): readonly string[] {
    return this.#keys.ofSession(this.#keys.claimOf(origin), holder)
  }

  /** Whether this process knows that a session has ended; nobody is asked. */
  isKnownToHaveEnded(origin: Origin, holder: Holder): boolean {
    const { floor } = this.#memory
    if (floor === undefined || (origin.since !== undefined && origin.since >= floor)) return false
    const claim = this.#keys.claimOf(origin)
    return judgeAnyhow(this.#memory, claim, this.#keys.ofSession(claim, holder)) === 'ended'
  }

  /** By which of its keys a session has ended, of those that this process knows of; nobody is asked. */
  endedBy(origin: Origin, holder: Holder): EndedBy | undefined {
    return endedBy(this.#memory, this.#keys, this.#keys.claimOf(origin), holder)
  }

  /** Whether a session carries a key. */
  carries(holder: Holder, key: string): boolean {
    return this.#keys.carries(holder, key)
  }

  /** Whether a session belongs to nobody: then there is nothing in it to protect. */
  isNobodys(holder: Holder): boolean {
    return this.#parts.hasOwners && this.#keys.ofHolder(holder).length === 0
  }

  /**
   * Where a session begins. Undefined where one of its keys was ended after the request had come.
   *
   * @throws {SessionError} `ERR_SESSION_UNSURE` (503) where nobody can tell which was first
   */
  async begin(holder: Holder, arrival: Arrival): Promise<number | undefined> {
    const taken = this.#keys.ofHolder(holder)
    if (taken.length === 0) return this.#begin(arrival, beginningOfNobody(this.#follower))
    const keys = [...taken, this.#follower.everybody]
    return this.#begin(arrival, beginning(this.#follower, { taken: keys, arrival }))
  }

  /** The same for one that goes on with other keys; where it has no new one, and an id, it begins where it did. */
  goOn(origin: Origin, before: Holder, after: Holder, arrival: Arrival): Awaitable<number | undefined> {
    const had = this.#keys.ofHolder(before)
    const taken = this.#keys.ofHolder(after).filter((key) => !had.includes(key))
    if (taken.length === 0 && origin.id !== undefined && origin.since !== undefined) return origin.since
    const claim = this.#keys.claimOf(origin)
    const kept = { claim, keys: this.#keys.ofSession(claim, before) }
    return this.#begin(arrival, beginning(this.#follower, { taken, kept, arrival }))
  }

  /** Ends a session by its id; undefined where it was ended before. */
  async endId(id: string): Promise<EndSet | undefined> {
    const set = await this.#end(this.#keys.ofId(id), {})
    return set?.was ? undefined : set
  }

  /** Ends a key. Returns whether it did: not where the session to spare was ended itself. */
  async end(key: string, { spare, later }: HowToEnd): Promise<boolean> {
    return (await this.#end(this.#keys.of(key), { spare, later })) !== undefined
  }

  /** Waits until no process can open what was ended before. */
  async everywhere(): Promise<void> {
    const until = monotonic() + this.#parts.maxStale
    // A timer may come a little early.
    for (let left = this.#parts.maxStale; left > 0; left = until - monotonic()) await setTimeout(Math.ceil(left))
  }

  /** A session gets a life of its own, longer than the options say: from here on, ends are kept for as long as any can live. */
  noteLife(life: number): Awaitable<void> {
    if (life > this.#parts.life && !this.#knowsLongLives) return this.#noteLongLives()
  }

  async #noteLongLives(): Promise<void> {
    try {
      const isNoted = await this.#haveLongLives()
      if (!isNoted) await this.#run(setting(this.#follower, this.#keys.longLives, { life: Infinity }))
      this.#knowsLongLives = true
    } catch (error) {
      if (!this.#parts.accepts) throw error
      this.#parts.failed(error)
    }
  }

  async #begin({ floor }: Arrival, work: Asking<Begun>): Promise<number | undefined> {
    let begun: Begun
    try {
      begun = await this.#run(work)
    } catch (error) {
      if (!this.#parts.accepts || floor === undefined) throw error
      this.#parts.failed(error)
      return floor
    }
    if (begun === 'unsure') throw unsure()
    return begun === 'ended' ? undefined : begun.since
  }

  async #end(key: string, { spare, later }: HowToEnd): Promise<EndSet | undefined> {
    const { everybody } = this.#follower
    const life = key === everybody ? Infinity : await this.#lifeOfEnd()
    const spared =
      spare?.id === undefined ? undefined : { id: this.#keys.ofId(spare.id), since: spare.since ?? -Infinity }
    const set = await this.#run(setting(this.#follower, key, { life, spare: spared, later: later || undefined }))
    if (set) {
      const { position, except, later: isLater } = set.end
      this.#parts.publish({ kind: 'key', key, position, before: set.before, except, later: isLater })
    }
    return set
  }

  async #lifeOfEnd(): Promise<number> {
    const { life, longestLife, maxStale } = this.#parts
    this.#knowsLongLives ||= await this.#haveLongLives()
    return (this.#knowsLongLives ? Math.max(life, longestLife) : life) + maxStale + GRACE_MS
  }

  async #haveLongLives(): Promise<boolean> {
    const { call, store } = this.#parts
    const { found } = await call(() => store.readEnds([this.#keys.longLives]))
    return found[0] !== undefined && found[0] !== null
  }

  #run<T>(work: Asking<T>): Awaitable<T> {
    return runOn(this.#parts.store, this.#parts.call, work)
  }
}

function unsure(): SessionError {
  return new SessionError(
    'ERR_SESSION_UNSURE',
    'Somebody has just ended sessions that this one would belong to, and the answers of the store of ends took too long to ' +
      'say whether the sign-in began before that or after it. Nothing was written: sign in again.',
    { status: 503 },
  )
}
