import { changedKeys } from '../session/merge'
import type { Dictionary, Lifetime } from '../session/record'
import type { Serializer } from '../session/serializer'
import { SessionModel, type SessionOwner } from '../session/session'
import { contentOf, copy } from '../session/snapshot'
import { nested } from './hooks'

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

  constructor(live: SessionModel, owner: SessionOwner, serializer: Serializer) {
    this.live = live
    this.#serializer = serializer
    this.#before = copy(SessionModel.data(live), serializer)
    this.session = new SessionModel(new DraftOwner(owner), { isNew: live.isNew })
    SessionModel.assign(this.session, copy(this.#before, serializer))
  }

  /** Puts the change into the session. */
  apply(): void {
    const { data } = contentOf(SessionModel.data(this.session), this.#serializer)
    const present = SessionModel.data(this.live)
    this.#keys = changedKeys(this.#before, data, this.#serializer)
    const replaced = Object.fromEntries(this.#keys.map((key) => [key, present[key]]))
    this.#replaced = copy(replaced, this.#serializer)
    SessionModel.patch(this.live, data, this.#keys)
  }

  /** Takes it out again. */
  undo(): void {
    SessionModel.patch(this.live, this.#replaced, this.#keys)
    this.#keys = []
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
