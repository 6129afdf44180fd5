import { AsyncLocalStorage } from 'node:async_hooks'
import type { Awaitable } from '../../base/awaitable'
import { changedKeys } from '../../session/merge'
import type { Dictionary, Lifetime } from '../../session/record'
import type { Serializer } from '../../session/serializer'
import { SessionModel, type SessionHost } from '../../session/session-model'
import { contentOf, copy } from '../../session/snapshot'
import type { Stored } from '../open/stored'
import { nested } from '../scope/hooks'
import type { RequestScope } from '../scope/request-scope'

/** The change that runs right now: a verb that is called in it is a part of it. */
const changing = new AsyncLocalStorage<Draft>()

/** What is known of the session at one moment. */
export interface Basis {
  readonly stored: Stored | undefined
  /** How often changes of others have come into it. */
  readonly merges: number
}

/**
 * What `update()` hands to its function: a copy of the session, so that what the function changes can be told from what
 * others change beside it, and be taken back.
 */
export class Draft {
  readonly session: SessionModel
  readonly live: SessionModel
  readonly #scope: RequestScope
  readonly #host: DraftHost
  readonly #before: Dictionary
  /** Whose the session was before the change. */
  readonly #owner: string | undefined
  readonly #merges: number
  /** What was stored when the copy was made. */
  #madeOf: Stored | undefined
  #keys: string[] = []
  #replaced: Dictionary = {}
  #replacedMaxAge: { maxAge: Lifetime | undefined } | undefined
  readonly #around = changing.getStore()
  #isRunning = false

  constructor(live: SessionModel, host: SessionHost, scope: RequestScope, { stored, merges }: Basis) {
    this.live = live
    this.#scope = scope
    this.#host = new DraftHost(host)
    this.#merges = merges
    this.#madeOf = stored
    this.#before = copy(SessionModel.data(live), this.#serializer)
    this.#owner = scope.ownerOf(this.#before)
    this.session = new SessionModel(this.#host, { isNew: live.isNew })
    SessionModel.assign(this.session, copy(this.#before, this.#serializer))
  }

  /** The change of this session that the caller runs in, if it does. */
  static around(live: SessionModel | undefined): Draft | undefined {
    let draft = changing.getStore()
    while (draft && !(draft.#isRunning && draft.live === live)) draft = draft.#around
    return draft
  }

  /** Lets the change be made. */
  async make(change: (session: SessionModel) => Awaitable<unknown>): Promise<void> {
    this.#isRunning = true
    try {
      await changing.run(this, () => change(this.session))
    } finally {
      this.#isRunning = false
    }
    // The session itself never has them.
    if (SessionModel.hasPrivateKeys(this.session)) this.#scope.noteTrouble({ hasPrivateKeys: true })
  }

  /**
   * Whether the change is of something that is no more: others' changes have come into the session since the copy was made, another
   * verb of this request has written what the change changes, or the session has come to another account.
   */
  isOutdated({ stored, merges }: Basis): boolean {
    if (merges !== this.#merges) return true
    if (this.#scope.ownerOf(SessionModel.data(this.live)) !== this.#owner) return true
    if (stored === this.#madeOf) return false
    const { data } = contentOf(SessionModel.data(this.session), this.#serializer)
    const written = changedKeys(dataOf(this.#madeOf), dataOf(stored), this.#serializer)
    // Who gives the session to another account says what is to be in all of it.
    if (this.#ownerAfter !== this.#owner) return written.length > 0
    return changedKeys(this.#before, data, this.#serializer).some((key) => written.includes(key))
  }

  /** A verb that was called in the change has written what was there: the change is of that from now on. */
  follow(before: Stored | undefined, after: Stored | undefined): void {
    if (this.#madeOf === before) this.#madeOf = after
  }

  /** Who leaves the session with the change: it is nobody's then. */
  get leaves(): string | undefined {
    return this.#ownerAfter === undefined ? this.#owner : undefined
  }

  /** The lifetime that the change has chosen; undefined where it has chosen none. */
  get maxAge(): Lifetime | undefined {
    return this.#host.chosen
  }

  /** The data before the change, and with it. */
  get change(): { before: Dictionary; after: Dictionary; maxAge?: Lifetime } {
    return { before: this.#before, after: copy(SessionModel.data(this.session), this.#serializer), maxAge: this.maxAge }
  }

  /** Puts the change into the session. */
  apply(): void {
    const { data } = contentOf(SessionModel.data(this.session), this.#serializer)
    const present = SessionModel.data(this.live)
    // What was set in the session of the account before is none of the next one's.
    const isLeft = this.#owner !== undefined && this.#ownerAfter !== this.#owner
    this.#keys = changedKeys(isLeft ? present : this.#before, data, this.#serializer)
    const replaced = Object.fromEntries(this.#keys.map((key) => [key, present[key]]))
    this.#replaced = copy(replaced, this.#serializer)
    SessionModel.patch(this.live, data, this.#serializer, this.#keys)
    if (this.maxAge === undefined) return
    this.#replacedMaxAge = { maxAge: this.#scope.chosenMaxAge }
    this.#scope.chooseMaxAge(this.maxAge)
  }

  /** Takes it out again. */
  undo(): void {
    SessionModel.patch(this.live, this.#replaced, this.#serializer, this.#keys)
    this.#keys = []
    if (this.#replacedMaxAge) this.#scope.chooseMaxAge(this.#replacedMaxAge.maxAge)
    this.#replacedMaxAge = undefined
  }

  /** Whose the session is with the change. */
  get #ownerAfter(): string | undefined {
    return this.#scope.ownerOf(SessionModel.data(this.session))
  }

  get #serializer(): Serializer {
    return this.#scope.backend.serializer
  }
}

function dataOf(stored: Stored | undefined): Dictionary {
  return stored?.snapshot.data ?? {}
}

/** What the copy asks of the request: the same as the session does, but for what would change the session, or write the copy. */
class DraftHost implements SessionHost {
  readonly #host: SessionHost
  chosen: Lifetime | undefined

  constructor(host: SessionHost) {
    this.#host = host
  }

  get maxAge(): Lifetime {
    return this.chosen ?? this.#host.maxAge
  }

  set maxAge(value: Lifetime) {
    this.chosen = value
  }

  get token(): string | undefined {
    return this.#host.token
  }

  commit(): Promise<void> {
    const cure = 'It is written when the function is done; to write earlier, call the verbs of the service.'
    return Promise.reject(nested('through what update() or once() hands over', cure))
  }
}
