import { isPromise, type Awaitable } from '../../base/awaitable'
import { makeFamily, makeLongToken, makeToken, type Token } from '../../session/token'
import { inCall } from '../scope/hooks'
import type { RequestScope } from '../scope/request-scope'

/** The token of a session that is not stored yet: drawn when it is first needed, and the same from then on. */
export class LazyToken {
  readonly #scope: RequestScope
  #token: Token | undefined
  #drawing: Promise<Token> | undefined

  constructor(scope: RequestScope) {
    this.#scope = scope
  }

  /** The token, drawn if need be; undefined without a store, or as long as it takes to draw. */
  get value(): Token | undefined {
    if (!this.#scope.config.hasStore) return undefined
    const token = this.draw()
    return isPromise(token) ? undefined : token
  }

  /** Lets the next one be another one. */
  forget(): void {
    this.#token = undefined
    this.#drawing = undefined
  }

  draw(): Awaitable<Token> {
    return this.#token ?? this.#drawing ?? this.#drawNow()
  }

  #drawNow(): Awaitable<Token> {
    const { config, ctx } = this.#scope
    const make = (id: string): Token =>
      config.rotation
        ? makeLongToken(id, { family: makeFamily(), serial: 0 })
        : makeToken(id, { withSecret: config.usesSecrets })
    const id = inCall(this.#scope, () => config.newId(ctx))
    if (!isPromise(id)) return (this.#token = make(id))
    const drawing: Promise<Token> = Promise.resolve(id).then((drawn) => {
      const token = make(drawn)
      if (this.#drawing === drawing) this.#token = token
      return token
    })
    // Nobody may come to need it.
    drawing.catch(() => undefined)
    return (this.#drawing = drawing)
  }
}
