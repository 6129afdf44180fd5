import { andThen, type Awaitable } from './contracts/awaitable'
import type { Presented } from './contracts/transport'
import type { SessionEvents } from './events'
import { isSessionId } from './id'
import { keepCookies } from './keep-cookies'
import type { Lifetime } from './record'
import type { SessionRequest } from './session-request'

/** What the client holds of its session, and is told of it in the response. */
export class HeldToken {
  readonly #request: SessionRequest
  #presented: Presented | undefined

  constructor(request: SessionRequest) {
    this.#request = request
  }

  /** Whether what the client presented is good, and to be signed anew. */
  get isOutdated(): boolean {
    return this.#presented?.outdated === true
  }

  /** Takes note of what the client presented and was accepted with. */
  accept(presented: Presented): void {
    this.#presented = presented
  }

  /** The ids that the client presents, whether or not there are such sessions. */
  async readIds(): Promise<string[]> {
    if (!this.#request.config.hasStore) return []
    const candidates = await this.#request.config.transport.read(this.#request.ctx, this.#request.attributes)
    return candidates.map(({ token }) => token).filter(isSessionId)
  }

  /** Hands the client its token, for a session that has `left` to live. */
  hand(token: string, left: Lifetime, id: string | undefined): Awaitable<void> {
    const { config, ctx } = this.#request
    const isKnown = this.#presented?.token === token
    this.#presented = { token }
    if (this.#isTooLate(config.hasStore ? (isKnown ? 'renewal' : 'id') : 'data', id)) return
    const writing = config.transport.write(ctx, token, this.#request.attributes, left)
    return andThen(writing, () => this.#noteResponse())
  }

  /** Signs a good cookie anew where its key is no longer the first; what it has `left` to live is not extended. */
  async renewSignature(left: Lifetime): Promise<void> {
    const { config, ctx, maxAge } = this.#request
    if (!this.#presented?.outdated || ctx.res.headersSent) return
    this.#noteResponse()
    const life = maxAge === 'session' || left === 'session' ? maxAge : Math.max(left, 1)
    await config.transport.write(ctx, this.#presented.token, this.#request.attributes, life)
    this.#presented = undefined
  }

  /** Makes the client forget its session. */
  async clear(id: string | undefined): Promise<void> {
    if (this.#isTooLate('removal', id)) return
    await this.#request.config.transport.clear(this.#request.ctx, this.#request.attributes)
    this.#noteResponse()
  }

  #noteResponse(): void {
    this.#request.wasClientTold = true
    keepCookies(this.#request.ctx, this.#request.config.options.key)
  }

  #isTooLate(lost: SessionEvents['late']['lost'], id: string | undefined): boolean {
    if (!this.#request.ctx.res.headersSent) return false
    this.#request.report('late', id, { lost })
    return true
  }
}
