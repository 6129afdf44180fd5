import { andThen, type Awaitable } from '../base/awaitable'
import { monotonic } from '../base/monotonic'
import type { Owners, TimedMark } from '../contracts/backend'
import type { OwnedChoice, OwnedRecord, OwnerIndexedStore } from '../contracts/store'
import { asWritten } from '../session/stored-fields'
import { StoreClock } from './store-clock'
import type { StoreGuard } from './store-guard'

/** The owners of one service in a store: by their own names, with its guard, and with what is known of its clock. */
export class StoreOwners implements Owners {
  readonly #store: OwnerIndexedStore
  readonly #guard: StoreGuard
  readonly #nameOf: (owner: string) => string
  readonly #clock = new StoreClock()

  /** @param nameOf what the store calls an owner */
  constructor(store: OwnerIndexedStore, guard: StoreGuard, nameOf: (owner: string) => string) {
    this.#store = store
    this.#guard = guard
    this.#nameOf = nameOf
  }

  listByOwner(owner: string): Awaitable<OwnedRecord[]> {
    const listing = this.#guard.call(() => this.#store.listByOwner(this.#nameOf(owner)), owner)
    return andThen(listing, (found) => found.map((each) => ({ ...each, record: asWritten(each.record) })))
  }

  destroyByOwner(owner: string, choice?: OwnedChoice): Awaitable<number> {
    return this.#guard.call(() => this.#store.destroyByOwner(this.#nameOf(owner), choice), owner)
  }

  readMark(owner: string): Awaitable<TimedMark> {
    const asked = monotonic()
    const reading = this.#guard.call(() => this.#store.readMark(this.#nameOf(owner)), owner)
    return andThen(reading, (mark) => ({ ...mark, ahead: this.#clock.reckon(mark, asked, monotonic()) }))
  }

  setMark(owner: string): Awaitable<unknown> {
    return this.#guard.call(() => this.#store.setMark(this.#nameOf(owner)), owner)
  }
}
