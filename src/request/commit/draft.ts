import { AsyncLocalStorage } from 'node:async_hooks'
import type { Awaitable } from '../../base/awaitable'
import { changedKeys } from '../../session/merge'
import type { Dictionary, Lifetime } from '../../session/record'
import type { Serializer } from '../../session/serializer'
import { SessionModel, type SessionOwner } from '../../session/session-model'
import { contentOf, copy } from '../../session/snapshot'
import { nested } from '../scope/hooks'

/** The change that runs right now: what is changed within it is a part of it. */
const changing = new AsyncLocalStorage<Draft>()
/** The draft that has changed a key of a session last. */
const WRITERS = new WeakMap<SessionModel, Map<string, Draft>>()

/**
 * What `update()` hands to its function: a copy of the session, so that what the function changes can be told from what
 * others change beside it, and be taken back.
 */
export class Draft {
  readonly session: SessionModel
  readonly live: SessionModel
  readonly #serializer: Serializer
  readonly #before: Dictionary
  #keys: string[] = []
  #replaced: Dictionary = {}
  readonly #within = changing.getStore()
  readonly #writers: ReadonlyMap<string, Draft>

  constructor(live: SessionModel, owner: SessionOwner, serializer: Serializer) {
    this.live = live
    this.#serializer = serializer
    this.#before = copy(SessionModel.data(live), serializer)
    this.session = new SessionModel(new DraftOwner(owner), { isNew: live.isNew })
    SessionModel.assign(this.session, copy(this.#before, serializer))
    this.#writers = new Map(WRITERS.get(live))
  }

  /** Lets the change be made. */
  async make(change: (session: SessionModel) => Awaitable<unknown>): Promise<void> {
    await changing.run(this, () => change(this.session))
  }

  /** Whether another update of the same request, beside this one, has changed meanwhile what this one changes. */
  get isOutdated(): boolean {
    const writers = WRITERS.get(this.live)
    if (writers === undefined) return false
    const { data } = contentOf(SessionModel.data(this.session), this.#serializer)
    return changedKeys(this.#before, data, this.#serializer).some((key) => {
      const writer = writers.get(key)
      return writer !== undefined && writer !== this.#writers.get(key) && !writer.#isWithin(this)
    })
  }

  /** Puts the change into the session. */
  apply(): void {
    const { data } = contentOf(SessionModel.data(this.session), this.#serializer)
    const present = SessionModel.data(this.live)
    this.#keys = changedKeys(this.#before, data, this.#serializer)
    const replaced = Object.fromEntries(this.#keys.map((key) => [key, present[key]]))
    this.#replaced = copy(replaced, this.#serializer)
    SessionModel.patch(this.live, data, this.#serializer, this.#keys)
    const writers = WRITERS.get(this.live) ?? new Map<string, Draft>()
    WRITERS.set(this.live, writers)
    for (const key of this.#keys) writers.set(key, this)
  }

  /** Takes it out again. */
  undo(): void {
    SessionModel.patch(this.live, this.#replaced, this.#serializer, this.#keys)
    this.#keys = []
  }

  #isWithin(other: Draft): boolean {
    return this.#within !== undefined && (this.#within === other || this.#within.#isWithin(other))
  }
}

/** What the copy asks of the request: the same as the session does, but for verbs that would write the copy. */
class DraftOwner implements SessionOwner {
  readonly #owner: SessionOwner

  constructor(owner: SessionOwner) {
    this.#owner = owner
  }

  get maxAge(): Lifetime {
    return this.#owner.maxAge
  }

  set maxAge(value: Lifetime) {
    this.#owner.maxAge = value
  }

  get token(): string | undefined {
    return this.#owner.token
  }

  commit(): Promise<void> {
    const cure = 'update() writes it when the function is done; to write earlier, call the verbs of the service.'
    return Promise.reject(nested('through what update() hands over', cure))
  }
}
