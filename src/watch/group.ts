import type { Versioned } from '../contracts/store'
import { isIdKey } from '../ends/keys'
import type { LifetimePolicy } from '../session/record'
import { hashOwner } from '../session/hashes'
import { endingOf, endOf, spanOf, type Ending, type Span } from './ending'
import type { Watcher } from './watcher'

/** Everybody who holds the same session. */
export class Group {
  readonly watchers = new Set<Watcher>()
  /** When to look at the record next, by the clock of the watch. */
  lookAt = Infinity
  isLooking = false
  /** Something has happened since the look began: what it finds may be older. */
  isOutdated = false
  /** What the last look has found. */
  #span: Span | undefined
  #owner: string | undefined
  #ownerHash: string | undefined

  /** @param hasRecord a session that rests in its cookie has none to look at */
  constructor(
    readonly name: string,
    readonly hasRecord: boolean,
  ) {}

  /** Whether every holder knows of this generation already. */
  isInGeneration(generation: number | undefined): boolean {
    if (generation === undefined) return false
    return Array.from(this.watchers).every(({ known }) => known?.generation === generation)
  }

  /** @param hash of what a store calls an owner: the owner's own is made once */
  isOwnedBy(hash: string, nameOf: (owner: string) => string): boolean {
    for (const { known } of this.watchers) {
      if (known?.owner === undefined) continue
      if (known.owner !== this.#owner || this.#ownerHash === undefined) {
        this.#owner = known.owner
        this.#ownerHash = hashOwner(nameOf(known.owner))
      }
      if (this.#ownerHash === hash) return true
    }
    return false
  }

  /** Reads the record, once for all who hold it. */
  async load(): Promise<Versioned | 'unread' | undefined> {
    const [first] = this.watchers
    if (first === undefined) return 'unread'
    try {
      if (!this.hasRecord) return (await this.#hasEnded(first)) ? undefined : 'unread'
      const loaded = await first.load()
      // It may have seen what a holder is about to know.
      for (const watcher of this.watchers) await watcher.settled()
      if (!loaded || (await first.ends?.hasEnded(loaded.record))) return undefined
      return loaded
    } catch {
      // The store is in trouble; requests tell so.
      return 'unread'
    }
  }

  /**
   * Whether the end of a key may be the session's: another request may have given it that key, which a look at its record tells. The
   * keys of ids are nobody else's.
   */
  isEndedBy(key: string): boolean {
    if (this.hasRecord && !isIdKey(key)) return true
    return Array.from(this.watchers).some(({ ends }) => ends?.keys().includes(key))
  }

  /** Whether there is anything to look at. */
  get canLook(): boolean {
    return this.hasRecord || Array.from(this.watchers).some(({ ends }) => ends !== undefined)
  }

  /** A session in its cookie is held by one watcher alone. */
  async #hasEnded(watcher: Watcher): Promise<boolean> {
    await watcher.settled()
    return (await watcher.ends?.hasEnded()) === true
  }

  /** Which holders' sessions have ended, and when to look again: milliseconds since 1970. */
  judge(
    loaded: Versioned | 'unread' | undefined,
    policyOf: (record: object) => LifetimePolicy,
    now: number,
  ): [[Watcher, Ending][], number] {
    const found = typeof loaded === 'object' ? loaded.record : loaded
    if (typeof found === 'object') this.#span = spanOf(found, now)
    const policyNow = typeof found === 'object' ? policyIn(found, policyOf) : undefined
    const endings: [Watcher, Ending][] = []
    let until = Infinity
    for (const watcher of this.watchers) {
      const { known } = watcher
      const policy = policyNow ?? known?.policy ?? {}
      const span = this.#span ?? known ?? { created: now, expire: undefined }
      const deadline = watcher.deadlineOf(typeof found === 'object' ? found : undefined)
      const ending = endingOf({ known, span, found, policy, deadline, now })
      if (ending) endings.push([watcher, ending])
      else until = Math.min(until, endOf(span, policy, now) + 1, deadline)
    }
    return [endings, until]
  }
}

/** Where a timeout that is a function fails, what the holders know counts: requests tell of the error. */
function policyIn(record: object, policyOf: (record: object) => LifetimePolicy): LifetimePolicy | undefined {
  try {
    return policyOf(record)
  } catch {
    return undefined
  }
}
