import { Alarm } from '../base/alarm'
import { monotonic } from '../base/monotonic'
import type { BusMessage } from '../contracts/bus'
import type { SessionConfig } from '../config/config'
import { hashSession } from '../session/hashes'
import { endedError, type Ending } from './ending'
import { Group } from './group'
import { Watcher, type Holding } from './watcher'

/** How many records are read at a time. */
const MAX_LOOKS = 16
/** How long whatever is held is not gone through again, in milliseconds. */
const PAUSE_MS = 100
/** The longest time that a timer takes, in milliseconds. */
const MAX_DELAY = 2 ** 31 - 1

/** What holds a session. */
export interface Held {
  readonly signal: AbortSignal
  /** The holder has ended the session itself. */
  end(): void
  release(): void
}

const watches = new WeakMap<SessionConfig, Watch>()

/** The one of a service. */
export function watchOf(config: SessionConfig): Watch {
  let watch = watches.get(config)
  if (!watch) watches.set(config, (watch = new Watch(config)))
  return watch
}

/** The signal of a session that there is not: aborted from the beginning. */
export function signalOfNothing(): AbortSignal {
  return AbortSignal.abort(endedError('absent'))
}

/**
 * Knows which sessions are held, and aborts their signals when they end.
 *
 * A message says where to look, and the record decides; so does the time that the record says. What no message told is seen
 * within `recheckEvery`. Where nothing is held there is no timer, and nobody listens.
 */
export class Watch {
  readonly #config: Pick<SessionConfig, 'options' | 'policyOf' | 'nameOf' | 'bus'>
  readonly #groups = new Map<string, Group>()
  readonly #toLook = new Set<Group>()
  #looks = 0
  #isStarting = false
  readonly #alarm = new Alarm(() => this.#goThrough())
  #alarmAt = Infinity
  #wentThroughAt = -Infinity
  /** How far ahead of the clock timers are, where they are fake: one that fires is believed. */
  #ahead = 0
  #unsubscribe: (() => void) | undefined
  #unnamed = 0

  constructor(config: Pick<SessionConfig, 'options' | 'policyOf' | 'nameOf' | 'bus'>) {
    this.#config = config
  }

  /** How many sessions are held. */
  get size(): number {
    return this.#groups.size
  }

  get hasTimer(): boolean {
    return this.#alarm.isSet
  }

  /** Watches a session. It is looked at right away: something may have happened since it was read. */
  hold(holding: Holding): Held {
    const { id } = holding
    const name = id === undefined ? `unnamed ${this.#unnamed++}` : hashSession(id)
    const group = this.#groups.get(name) ?? this.#add(new Group(name, id !== undefined))
    const watcher = new Watcher(holding)
    group.watchers.add(watcher)
    this.#look(group)
    const release = (): void => {
      watcher.release()
      this.#remove(group, watcher)
    }
    return { signal: watcher.signal, release, end: () => this.#end(group, watcher, 'gone') }
  }

  #add(group: Group): Group {
    this.#groups.set(group.name, group)
    this.#unsubscribe ??= this.#config.bus?.subscribe((message) => this.#hear(message))
    return group
  }

  #end(group: Group, watcher: Watcher, ending: Ending): void {
    this.#remove(group, watcher)
    watcher.end(ending)
  }

  #remove(group: Group, watcher: Watcher): void {
    group.watchers.delete(watcher)
    if (group.watchers.size > 0 || this.#groups.get(group.name) !== group) return
    this.#groups.delete(group.name)
    this.#toLook.delete(group)
    if (this.#groups.size > 0) return
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
    this.#alarm.clear()
  }

  #hear(message: BusMessage): void {
    if (message.kind === 'lost') return this.#lookAtAll(() => true)
    if (message.kind === 'key') return this.#lookAtAll((group) => group.isEndedBy(message.key))
    if (message.kind === 'revoked')
      return this.#lookAtAll((group) => group.isOwnedBy(message.owner, this.#config.nameOf))
    const group = this.#groups.get(message.session)
    if (!group || (message.kind !== 'ended' && group.isInGeneration(message.generation))) return
    this.#look(group)
  }

  #lookAtAll(isMeant: (group: Group) => boolean): void {
    for (const group of this.#groups.values()) if (group.canLook && isMeant(group)) this.#look(group)
  }

  /** Looks at a record soon, after the work that is under way. */
  #look(group: Group): void {
    group.isOutdated ||= group.isLooking
    group.lookAt = Infinity
    this.#toLook.add(group)
    if (this.#isStarting) return
    this.#isStarting = true
    setImmediate(() => {
      this.#isStarting = false
      this.#startLooks()
    })
  }

  #startLooks(): void {
    for (const group of this.#toLook) {
      if (this.#looks === MAX_LOOKS) return
      if (group.isLooking) continue
      this.#toLook.delete(group)
      this.#looks++
      group.isLooking = true
      group.isOutdated = false
      void group.load().then((loaded) => {
        this.#looks--
        group.isLooking = false
        if (!group.isOutdated) this.#judge(group, loaded)
        this.#startLooks()
      })
    }
  }

  #judge(group: Group, loaded: Awaited<ReturnType<Group['load']>>): void {
    const { options, policyOf } = this.#config
    const now = Date.now()
    const [endings, until] = group.judge(loaded, policyOf, now)
    for (const [watcher, ending] of endings) this.#end(group, watcher, ending)
    group.lookAt = this.#now + Math.min(until - now, options.recheckEvery)
    if (group.watchers.size > 0) this.#wakeAt(group.lookAt)
  }

  /** Milliseconds of a clock that only goes forward: the machine's own may be set back. */
  get #now(): number {
    return monotonic() + this.#ahead
  }

  /** One timer for all. It keeps no process alive. */
  #wakeAt(time: number): void {
    const now = this.#now
    const at = Math.min(Math.max(time, this.#wentThroughAt + PAUSE_MS), now + MAX_DELAY)
    if (this.#alarm.isSet && at >= this.#alarmAt) return
    this.#alarmAt = at
    this.#alarm.set(at - now)
    this.#alarm.unref()
  }

  #goThrough(): void {
    this.#ahead += Math.max(0, this.#alarmAt - this.#now)
    const now = this.#now
    this.#wentThroughAt = now
    let next = Infinity
    for (const group of this.#groups.values()) {
      if (group.lookAt <= now) this.#look(group)
      else next = Math.min(next, group.lookAt)
    }
    if (next !== Infinity) this.#wakeAt(next)
  }
}
