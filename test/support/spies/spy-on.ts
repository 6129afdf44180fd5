import {
  MemoryStore,
  type ConditionalStore,
  type SessionOptions,
  type Store,
  type TouchableStore,
} from 'koa-session-service'
import { interceptStore, without, type Intercept, type StoreCall } from './intercept'

/** What became of a session's store, and what is to become of its next calls. */
export interface StoreSpy {
  /** The same options, on the watched store. */
  options: SessionOptions
  /** The watched store by itself; undefined where it is a ContextStore. */
  store: Store
  /** The calls so far, and the names of their methods; both in order. */
  calls: StoreCall[]
  names: string[]
  /** What `method` was called with, each time. */
  argsOf: (method: string) => unknown[][]
  /** The names of the calls so far, which are forgotten. */
  take: () => string[]
  /** From now on, each call waits for what this returns. */
  before: (work: (call: StoreCall) => unknown) => void
  /** From now on this is done in place of the calls, or of those of these methods. */
  fail: (trouble: Intercept, methods?: RegExp) => void
  /** The store works again. */
  recover: () => void
}

/** What a store without an index by owner does not have. */
const OF_OWNERS = ['listByOwner', 'destroyByOwner', 'readMark', 'setMark']

/** Names of methods that read, write and renew a record, whatever the store can do. */
export const READS = /^(get|read)$/
export const WRITES = /^(set|create|replace)$/
export const RENEWALS = /^(set|replace|touch)$/

/** Watches the store of these options, be it one store or one for each request. */
export function spyOn(target: SessionOptions): StoreSpy {
  const calls: StoreCall[] = []
  const names: string[] = []
  let wait: ((call: StoreCall) => unknown) | undefined
  let trouble: { instead: Intercept; methods: RegExp } | undefined
  const proceed: Intercept = (call) => (trouble?.methods.test(call.method) ? trouble.instead(call) : call.proceed())
  const options = interceptStore(target, (call) => {
    calls.push(call)
    names.push(call.method)
    const waited = wait?.(call)
    return waited instanceof Promise ? waited.then(() => proceed(call)) : proceed(call)
  })
  return {
    options,
    store: options.store as Store,
    calls,
    names,
    argsOf: (method) => calls.filter((call) => call.method === method).map(({ args }) => args),
    take: () => (calls.splice(0), names.splice(0)),
    before: (work) => void (wait = work),
    fail: (instead, methods = /./) => void (trouble = { instead, methods }),
    recover: () => void (trouble = undefined),
  }
}

/** A store in memory, without an index by owner, that answers later, as one over the network does; and its records. */
export function spyOnMemory(): StoreSpy & { store: ConditionalStore & TouchableStore; records: MemoryStore } {
  const records = new MemoryStore()
  const spy = spyOn({ store: without(records, ...OF_OWNERS) })
  spy.before(() => Promise.resolve())
  return { ...spy, store: spy.store as ConditionalStore & TouchableStore, records }
}
