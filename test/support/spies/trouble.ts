import type { SessionOptions } from 'koa-session-service'
import { interceptStore, type StoreCall } from './intercept'

/** What a store in trouble does in place of its work. */
export type Trouble = (call: StoreCall) => unknown

/** A store that works until it is told otherwise. */
export class TroubledStore {
  /** The same options, on a store that can be in trouble. */
  readonly options: SessionOptions
  /** The methods that were called, in order. */
  readonly calls: string[] = []
  #trouble: Trouble | undefined
  #methods: RegExp = /./

  constructor(options: SessionOptions) {
    this.options = interceptStore(options, (call) => {
      this.calls.push(call.method)
      return this.#trouble && this.#methods.test(call.method) ? this.#trouble(call) : call.proceed()
    })
  }

  /** Is in trouble from now on, wherever one of these methods is called. */
  fail(trouble: Trouble, methods = /./): void {
    this.#trouble = trouble
    this.#methods = methods
  }

  /** Works again. */
  recover(): void {
    this.#trouble = undefined
  }
}

/** Names of methods that read, write and remove a record, whatever the store can do. */
export const READS = /^(get|read)$/
export const WRITES = /^(set|create|replace)$/
export const RENEWALS = /^(set|replace|touch)$/
