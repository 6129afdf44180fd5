import { flightsByOwner, type Flight, type Flights } from '../../base/flights'
import { monotonic } from '../../base/monotonic'
import { within } from '../../base/within'
import { hashToken } from '../../session/token'
import type { Stored } from '../open/stored'
import type { RequestScope } from '../scope/request-scope'
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

/** For how long a request that comes with an earlier cookie shares what was done, in milliseconds. */
const LATE_MS = 10_000

/** The attempts of this process, by the service's settings; and those of one request. */
const flightsOf = flightsByOwner<Change>()
/** What a request knows already: asked again, it does the work again. */
const known = new WeakMap<object, WeakSet<Flight<Change>>>()

/**
 * Work that is done once in this process, where no record can say who is at it: each request of a session in its cookie has a copy
 * of its own. Those who come with the same cookie share what the work has made, and each writes it into its own. A session that is
 * stored nowhere yet is the request's alone.
 */
export class OnceHere {
  readonly #caller: OnceCaller
  readonly #call: OnceCall
  readonly #deadline: number

  constructor(caller: OnceCaller, call: OnceCall) {
    this.#caller = caller
    this.#call = call
    this.#deadline = monotonic() + call.wait
  }

  /** Returns whether the session is as the work has left it; it is not where the request has given it up. */
  async run(): Promise<boolean> {
    while (this.#caller.isSame() && isNeeded(this.#caller, this.#call) !== false) {
      const { all, name } = this.#place()
      const ahead = all.of(name)
      const isDone = ahead && !this.#known.has(ahead) ? await this.#follow(ahead) : await this.#lead(all, name)
      if (isDone) return true
    }
    return this.#caller.isSame()
  }

  /** Where those are found who do the same work for the same session: alone, where it cannot be told from that of others. */
  #place(): { all: Flights<Change>; name: string } {
    const { persistence, scope, host, state } = this.#caller
    const { owner } = state
    const { stored, client } = persistence
    const tokens = client.presented ?? []
    const isShared = stored !== undefined && tokens.length > 0 && (owner !== undefined || isTheirsAlone(stored, scope))
    const name = JSON.stringify([this.#call.key, owner, isShared && tokens.map(({ token }) => token)])
    return { all: flightsOf(isShared ? scope.config : host), name: hashToken(name) }
  }

  get #known(): WeakSet<Flight<Change>> {
    const { host } = this.#caller
    const flown = known.get(host) ?? new WeakSet()
    known.set(host, flown)
    return flown
  }

  async #follow(flight: Flight<Change>): Promise<boolean> {
    const landed = await within(flight.landing, this.#deadline - monotonic())
    this.#known.add(flight)
    if (!landed) throw pending(this.#call)
    if (landed.name === 'failed') throw failed(this.#call, landed.error)
    if (landed.name === 'left' || !this.#caller.isSame()) return false
    await this.#write(landed.result)
    return true
  }

  async #lead(all: Flights<Change>, name: string): Promise<boolean> {
    const flight = all.begin(name)
    try {
      const change = await doWork(this.#caller, this.#call, monotonic(), () => flight.land({ name: 'left' }))
      const follower = all.of(name)
      if (follower && follower !== flight) {
        this.#caller.scope.report('error', undefined, { error: wasFollowed(this.#call) })
        return false
      }
      if (!change) throw neverDone(this.#call)
      const isMine = this.#caller.isSame()
      if (isMine) await this.#write(change)
      this.#known.add(flight)
      flight.land({ name: 'done', result: change }, LATE_MS)
      return isMine
    } catch (error) {
      flight.land({ name: 'failed', error })
      throw error
    }
  }

  #write(change: Change): Promise<void> {
    return this.#caller.commits.update(this.#caller.host, changeTo(this.#caller, change))
  }
}

/**
 * Whether no other visitor has a cookie of the same text: it is sealed, or has an id, with the option `ends`. Cookies that are signed
 * alone are the same where two have the same data, and were made in the same millisecond.
 */
function isTheirsAlone({ origin }: Stored, { config }: RequestScope): boolean {
  return config.options.codec?.isSelfAuthenticating === true || origin !== undefined
}
