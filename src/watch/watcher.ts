import { endedError, type Ending, type KnownSession } from './ending'
import type { Awaitable } from '../base/awaitable'
import type { Versioned } from '../contracts/store'
import type { SessionRecord } from '../session/record'

/** What ends a session by its keys, with the option `ends`. */
export interface EndsOfHolding {
  /** Its keys, as messages call them. */
  keys(): readonly string[]
  /** Whether one of them was ended; for a session in a store, by what its record says now. */
  hasEnded(record?: SessionRecord): Awaitable<boolean>
}

/** A session that somebody holds outside the life cycle of its request. */
export interface Holding {
  /** The key of its record; undefined for a session that rests in its cookie. */
  readonly id: string | undefined
  /** What the holder knows of it; undefined where it has ended it itself. */
  known(): KnownSession | undefined
  /**
   * Until when what it was opened with opens it, for a session that is bound to a device: milliseconds since 1970.
   *
   * @param record as it is now; undefined where nobody can tell
   */
  deadlineOf?(record: SessionRecord | undefined): number
  /** With the option `ends`: what can end it by its keys. */
  readonly ends?: EndsOfHolding
  /** Waits until what the holder itself writes is done, and known. */
  settled?(): Promise<void>
  /** Reads the record, past any cache. */
  load(): Awaitable<Versioned | null | undefined>
}

/** One holder of a session, and the signal that it is given. */
export class Watcher {
  readonly #holding: Holding
  readonly #controller = new AbortController()
  #isOver = false

  constructor(holding: Holding) {
    this.#holding = holding
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get ends(): EndsOfHolding | undefined {
    return this.#holding.ends
  }

  get known(): KnownSession | undefined {
    return this.#holding.known()
  }

  /** Until when what it was opened with opens it: milliseconds since 1970. */
  deadlineOf(record: SessionRecord | undefined): number {
    return this.#holding.deadlineOf?.(record) ?? Infinity
  }

  load(): Awaitable<Versioned | null | undefined> {
    return this.#holding.load()
  }

  async settled(): Promise<void> {
    await this.#holding.settled?.()
  }

  /** Aborts the signal, after the work that has found out: a request that ends a session tells its client first. */
  end(ending: Ending): void {
    setImmediate(() => {
      if (!this.#isOver) this.#controller.abort(endedError(ending))
      this.#isOver = true
    })
  }

  /** Lets the signal be: it is not aborted any more. */
  release(): void {
    this.#isOver = true
  }
}
