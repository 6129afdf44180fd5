import { isPromise, type Awaitable } from './contracts/awaitable'
import type { SessionRequest } from './session-request'

/** The id of a request's session, where there is a store; a new one is drawn when it is first needed. */
export class SessionId {
  readonly #request: SessionRequest
  #known: string | undefined
  #drawing: Promise<string> | undefined

  constructor(request: SessionRequest) {
    this.#request = request
  }

  /** The id, as far as there is one. */
  get known(): string | undefined {
    return this.#known
  }

  /** The id, drawn if need be; undefined without a store, or as long as it takes to draw. */
  get value(): string | undefined {
    const id = this.draw()
    return isPromise(id) ? undefined : id
  }

  set(id: string | undefined): void {
    this.#known = id
  }

  forget(): void {
    this.#known = undefined
    this.#drawing = undefined
  }

  /** Answers the id; undefined without a store. */
  draw(): Awaitable<string | undefined> {
    const { config, ctx } = this.#request
    if (this.#known !== undefined || !config.hasStore) return this.#known
    if (this.#drawing) return this.#drawing
    const id = config.newId(ctx)
    if (!isPromise(id)) return (this.#known = id)
    const drawing: Promise<string> = Promise.resolve(id).then((drawn) => {
      if (this.#drawing === drawing) this.#known = drawn
      return drawn
    })
    // Nobody may come to need it.
    drawing.catch(() => undefined)
    return (this.#drawing = drawing)
  }
}
