import { andThen, type Awaitable } from '../../base/awaitable'
import type { Versioned } from '../../contracts/store'
import { RequestScope } from '../scope/request-scope'

/** Numbers the looks past a cache: each is a doubt of its own. */
let looks = 0

/** Reads a record, past any cache in front of the store. The caller judges what it says of its tokens. */
export function loadFresh(scope: RequestScope, key: string): Awaitable<Versioned | null | undefined> {
  const { backend } = scope
  const context = { ...scope.storeContext, knowsSecrets: true }
  return andThen(backend.load(key, context), (loaded) =>
    loaded?.isCached ? backend.load(key, { ...context, doubt: `look ${looks++}` }) : loaded,
  )
}

/** A session outside a request: nothing can be told to its client. */
export class OutsideScope extends RequestScope {
  override get isOutside(): boolean {
    return true
  }

  override load(key: string): Awaitable<Versioned | null | undefined> {
    return this.config.hasStore ? loadFresh(this, key) : this.#decode(key)
  }

  /** Whatever a cookie makes of a `decode` option, it is none that is accepted. */
  #decode(token: string): Awaitable<Versioned | null | undefined> {
    try {
      return this.backend.load(token, this.storeContext)
    } catch {
      return null
    }
  }
}
