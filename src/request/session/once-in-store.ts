import { flightsByOwner, type Flight, type Flights } from '../../base/flights'
import { monotonic } from '../../base/monotonic'
import { within } from '../../base/within'
import {
  decideOnce,
  isStillMine,
  lastAttempt,
  withAttempt,
  type OnceAttempt,
  type OnceDecision,
} from '../../session/once'
import type { SessionModel } from '../../session/session-model'
import {
  changeTo,
  doWork,
  failed,
  isNeeded,
  neverDone,
  pending,
  wasFollowed,
  type Change,
  type OnceCall,
  type OnceCaller,
} from './once-call'
import { earliestNow, newAttemptId } from './attempt-ids'
import { OnceHere } from './once-here'
import { waitForAttempt } from './wait-for-attempt'

/** The attempts of this process, by the service's settings. */
const flightsOf = flightsByOwner<void>()

/**
 * Work that is done once among all processes: the record says who is at it, and is written on the condition that it is as it was
 * read. Those of this process wait for each other, and one of them for the other processes.
 */
export class OnceInStore {
  readonly #caller: OnceCaller
  readonly #call: OnceCall
  readonly #flights: Flights<void>
  readonly #deadline: number
  /** The last attempt, as it was when the application called. */
  readonly #seen: OnceAttempt | undefined
  readonly #mayBeOld: boolean
  #hasWaited = false
  #overdue: string | undefined
  /** Why the attempt has failed that this call has waited for, where that was in this process. */
  #cause: unknown

  constructor(caller: OnceCaller, call: OnceCall) {
    this.#caller = caller
    this.#call = call
    this.#flights = flightsOf(caller.scope.config)
    this.#deadline = monotonic() + call.wait
    this.#seen = this.#last
    this.#mayBeOld = caller.persistence.stored?.isCached === true
  }

  /** Returns whether the session is as the work has left it; it is not where the request has given it up. */
  async run(): Promise<boolean> {
    while (this.#caller.isSame()) {
      // It went on without this request, which is left with an empty one: no record could say who is at it.
      const { stored } = this.#caller.persistence
      if (!stored) return new OnceHere(this.#caller, this.#call).run()
      // What is under way for another account is nothing to this one. The record has to know of it first.
      if (this.#caller.state.owner !== stored.snapshot.owner) await this.#caller.commits.run('commit', {})
      if (!this.#caller.isSame()) return false
      const decision = this.#decide()
      if (decision === 'share') return true
      if (decision === 'fail') throw failed(this.#call, this.#cause)
      if (this.#hasWaited && monotonic() > this.#deadline) throw pending(this.#call)
      const ahead = this.#flights.of(this.#name)
      if (ahead) await this.#follow(ahead)
      else if (await this.#lead()) return true
    }
    return false
  }

  /** A rotation in a store of three methods gives a session another id. */
  get #id(): string | undefined {
    return this.#caller.persistence.stored?.id
  }

  /** What those of this process have in common who ask for the same work for the same account. */
  get #name(): string {
    return JSON.stringify([this.#id, this.#caller.state.owner, this.#call.key])
  }

  get #attempts(): readonly OnceAttempt[] | undefined {
    return this.#caller.persistence.stored?.access.once
  }

  get #last(): OnceAttempt | undefined {
    return lastAttempt(this.#attempts, this.#call.key)
  }

  #decide(): OnceDecision {
    return decideOnce({
      last: this.#last,
      seen: this.#seen,
      mayBeOld: this.#mayBeOld,
      hasWaited: this.#hasWaited,
      overdue: this.#overdue,
      isNeeded: isNeeded(this.#caller, this.#call),
      now: earliestNow(this.#last, this.#call.lease),
    })
  }

  async #follow({ landing }: Flight<void>): Promise<void> {
    this.#hasWaited = true
    const landed = await within(landing, this.#deadline - monotonic())
    if (!landed) throw pending(this.#call)
    if (landed.name === 'failed') this.#cause = landed.error
    await this.#caller.commits.catchUp()
  }

  /** Goes ahead of the others of this process. Returns whether that was all. */
  async #lead(): Promise<boolean> {
    const flight = this.#flights.begin(this.#name)
    try {
      const since = monotonic()
      const id = newAttemptId()
      const decision = await this.#begin(id)
      if (decision === 'begin') return await this.#work(id, since, flight)
      if (decision === 'wait') await this.#wait(this.#last as OnceAttempt)
      return false
    } finally {
      flight.land({ name: 'left' })
    }
  }

  /** Takes the lease, where it is free and the work is to be done. */
  async #begin(id: string): Promise<OnceDecision | undefined> {
    const { key, lease } = this.#call
    let decision: OnceDecision | undefined
    await this.#note(() => {
      decision = this.#caller.isSame() ? this.#decide() : undefined
      if (decision !== 'begin') return undefined
      const now = Date.now()
      return withAttempt(this.#attempts, [key, id, now + lease], now)
    })
    return this.#caller.isSame() ? decision : undefined
  }

  async #work(id: string, since: number, flight: Flight<void>): Promise<boolean> {
    let change: Change | undefined
    try {
      change = await doWork(this.#caller, this.#call, since, () => flight.land({ name: 'left' }))
    } catch (error) {
      await this.#end(id, 'failed').catch((reason: unknown) => this.#report(reason))
      flight.land({ name: 'failed', error })
      throw error
    }
    const isMine = await this.#end(id, change ? 'done' : 'failed', change && changeTo(this.#caller, change))
    if (isMine && change) return true
    if (isMine) throw neverDone(this.#call)
    if (this.#caller.isSame()) this.#report(wasFollowed(this.#call))
    this.#hasWaited = true
    return false
  }

  /**
   * Gives the lease back, with what the work has made. Returns whether nobody else has it by now, and the session is the one that it
   * was made for.
   */
  async #end(id: string, how: 'done' | 'failed', change?: (session: SessionModel) => Promise<void>): Promise<boolean> {
    const { key } = this.#call
    let isMine = false
    await this.#note(() => {
      isMine = this.#caller.isSame() && isStillMine(this.#attempts, key, id)
      return isMine ? withAttempt(this.#attempts, [key, id, how], Date.now()) : undefined
    }, change)
    return isMine
  }

  /** Without conditional writes, nothing else tells that what this request has read is old. */
  async #note(
    note: () => readonly OnceAttempt[] | undefined,
    change?: (session: SessionModel) => Promise<void>,
  ): Promise<void> {
    const { scope, commits, host } = this.#caller
    if (!scope.backend.rotatesInPlace) await commits.catchUp()
    await commits.note(host, note, change)
  }

  async #wait(attempt: OnceAttempt): Promise<void> {
    this.#hasWaited = true
    const { lease } = this.#call
    const how = await waitForAttempt(this.#caller.scope, this.#id as string, attempt, {
      lease,
      deadline: this.#deadline,
    })
    if (how === 'late') throw pending(this.#call)
    if (how === 'overdue') this.#overdue = attempt[1]
    await this.#caller.commits.catchUp()
  }

  #report(error: unknown): void {
    this.#caller.scope.report('error', this.#id, { error })
  }
}
