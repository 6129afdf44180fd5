import { MemoryBus } from '../buses/memory-bus'
import { PUBLISH_NOTHING, publishOn, type Publish } from '../buses/publish'
import type { Bus } from '../contracts/bus'
import type { Store } from '../contracts/store'
import type { EmitSessionEvent } from '../session/events'

/** The bus of each store, or class of stores, that was given none: services on the same one hear of each other. */
const own = new WeakMap<object, MemoryBus>()

/**
 * The bus that a service listens on, and how it tells others what it does there.
 *
 * @param store the store, or the class of which one is built per request; undefined without one: then there is nothing to tell
 */
export function chooseBus(
  store: object | undefined,
  given: Bus | undefined,
  emit: EmitSessionEvent,
): { bus: Bus | undefined; publish: Publish } {
  if (!store) return { bus: undefined, publish: PUBLISH_NOTHING }
  const storesOwn = (store as Partial<Store>).bus
  const bus = given ?? storesOwn ?? ownOf(store)
  // Such a store tells all of it itself.
  return { bus, publish: bus === storesOwn ? PUBLISH_NOTHING : publishOn(bus, emit) }
}

function ownOf(store: object): MemoryBus {
  let bus = own.get(store)
  if (!bus) own.set(store, (bus = new MemoryBus()))
  return bus
}
