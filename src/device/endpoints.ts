import { randomBytes } from 'node:crypto'
import type { Context } from 'koa'
import type { Awaitable } from '../base/awaitable'
import type { BindingRequest } from '../contracts/device-binding'
import type { BoundKey } from '../session/bound-key'
import type { UnboundReason } from '../session/events'
import type { BoundTransport, PresentedBinding } from './bound-transport'
import { CHALLENGE_MS, makeChallenge, openChallenge } from './challenges'
import type { DeviceBoundSettings } from './settings'
import type { DeviceKeys } from './device-keys'
import type { Exchange, Exchanges, Rebind } from './exchange'
import { answer, instructionsFor, sendChallenge, setsCookie, textIn } from './instructions'
import { isSignedBy, keyOf, parseProof } from './proof'
import { subjectOf } from './registration-offer'

/** What the {@link Endpoints} are made of. */
export interface EndpointParts {
  /** The name of the cookie that the browser renews. */
  readonly credential: string
  /** The hosts whose links and forms let it do so, beside our own. */
  readonly initiators: readonly string[]
  readonly transport: Pick<BoundTransport, 'attributesOf'>
  readonly keys: DeviceKeys
  readonly settings: DeviceBoundSettings
  readonly exchanges: Exchanges
  /** Hands out a fresh cookie where that is all that there is to do. */
  readonly renew: ((ctx: Context) => Awaitable<void>) | undefined
  readonly report: (ctx: Context, id: string | undefined, reason: UnboundReason) => void
}

/** Another request has bound the session meanwhile, or answered the same challenge. */
class Overtaken extends Error {}

const ID_BYTES = 12
/** No browser sends more, and no id of ours is longer. */
const MAX_ID = 64

/**
 * The two paths of the protocol. What browsers make of the answers: 200 with JSON goes on, 403 with a challenge is tried again
 * with a proof, any other 4xx ends the binding in the browser, 5xx is tried again later. 401 would be taken for an end.
 */
export class Endpoints {
  readonly #parts: EndpointParts
  readonly #registerPath: string
  readonly #refreshPath: string

  constructor(parts: EndpointParts) {
    this.#parts = parts
    this.#registerPath = `${parts.settings.path}/register`
    this.#refreshPath = `${parts.settings.path}/refresh`
  }

  has(path: string): boolean {
    return path === this.#refreshPath || path === this.#registerPath
  }

  async serve(ctx: Context, request: BindingRequest): Promise<void> {
    ctx.set('Cache-Control', 'no-store')
    ctx.set('Cross-Origin-Resource-Policy', this.#parts.settings.includeSite ? 'same-site' : 'same-origin')
    if (ctx.path === this.#registerPath) await this.#register(ctx, request)
    else await this.#refresh(ctx, request)
  }

  /** Binds the session that the request brings to the key that it brings. A bound one keeps its key. */
  async #register(ctx: Context, request: BindingRequest): Promise<void> {
    const { keys, report } = this.#parts
    const { session } = await this.#load(ctx, request, undefined)
    if (!session || session.owner === undefined || session.device) return end(ctx, 403, undefined)
    const proof = parseProof(textIn(ctx, 'Secure-Session-Response'))
    const key = proof && keyOf(proof)
    if (!proof || !key) {
      report(ctx, session.id, 'proof')
      return end(ctx, 400, undefined)
    }
    const opened = openChallenge(keys, ctx, 'register', subjectOf(session), proof.challenge)
    if (!opened || opened.isStale) {
      report(ctx, session.id, 'challenge')
      return end(ctx, 400, undefined)
    }
    const device = { id: randomBytes(ID_BYTES).toString('base64url'), ...key, since: Date.now(), used: opened.time }
    const isWritten = await this.#write(ctx, request, (before) => {
      if (before) throw new Overtaken()
      return device
    })
    if (isWritten) this.#goOn(ctx, device)
    else end(ctx, 403, undefined)
  }

  /** Renews the short-lived cookie for the holder of the key. */
  async #refresh(ctx: Context, request: BindingRequest): Promise<void> {
    const { keys, report } = this.#parts
    const id = textIn(ctx, 'Sec-Secure-Session-Id')
    // Scripts cannot set this header: no other site finds out who is signed in.
    if (!/^[A-Za-z0-9_-]+$/.test(id) || id.length > MAX_ID) return end(ctx, 400, undefined)
    const { session, presented } = await this.#load(ctx, request, id)
    const device = session?.device
    const text = textIn(ctx, 'Secure-Session-Response')
    if (!device) return this.#refreshNothing(ctx, id, text, presented)
    if (text === '') return this.#challenge(ctx, device)
    const proof = parseProof(text)
    if (!proof || !isSignedBy(device, proof)) {
      report(ctx, session.id, 'proof')
      return end(ctx, 400, id)
    }
    const opened = openChallenge(keys, ctx, 'refresh', id, proof.challenge)
    // A browser that was away for a while answers the last challenge that it was handed.
    if (opened?.isStale) return this.#challenge(ctx, device)
    const used = opened?.time ?? 0
    if (used <= device.used) return this.#refuse(ctx, session.id, device)
    const isWritten = await this.#renew(ctx, request, (before) => {
      if (before?.id !== id || used <= before.used) throw new Overtaken()
      return { ...before, used }
    })
    // The token that another request has changed meanwhile is on its way to the browser.
    const renewed = { ...device, used }
    if (isWritten && !setsCookie(ctx, this.#parts.credential)) this.#challenge(ctx, renewed)
    else if (isWritten) this.#goOn(ctx, renewed)
    else if (request.session === null) end(ctx, 200, id)
    else this.#refuse(ctx, session.id, device)
  }

  async #renew(ctx: Context, request: BindingRequest, rebind: Rebind): Promise<boolean> {
    const { renew, exchanges, settings } = this.#parts
    if (!renew) return this.#write(ctx, request, rebind)
    exchanges.note(ctx, { deadline: Date.now() + settings.lifetime })
    await renew(ctx)
    return true
  }

  /** Opens the session: with a claim, the one that the browser asks to refresh. */
  async #load(ctx: Context, request: BindingRequest, claim: string | undefined): Promise<Exchange> {
    const { exchanges } = this.#parts
    exchanges.note(ctx, { claim })
    await request.load()
    return exchanges.of(ctx)
  }

  /** Whether the write went through; the browser is told then what it is to hold. */
  async #write(ctx: Context, request: BindingRequest, rebind: Rebind): Promise<boolean> {
    const { exchanges, settings } = this.#parts
    exchanges.note(ctx, { rebind, deadline: Date.now() + settings.lifetime })
    try {
      await request.commit('save')
      return request.session !== null
    } catch (error) {
      if (error instanceof Overtaken) return false
      throw error
    } finally {
      exchanges.note(ctx, { rebind: undefined })
    }
  }

  /**
   * The second cookie led to no session that is bound under this id. It may be on its way to the browser, after a rotation:
   * the binding ends where it is so a second time. Where there were more cookies than were looked at, it may be among these, and
   * nothing ends: the browser tries again later.
   */
  #refreshNothing(ctx: Context, id: string, text: string, presented: PresentedBinding | undefined): void {
    const { keys } = this.#parts
    if (presented?.isCut) return answer(ctx, 503, {})
    const proof = parseProof(text)
    const opened = proof && openChallenge(keys, ctx, 'again', id, proof.challenge)
    if (opened || presented?.tokens.length === 0) return end(ctx, 200, id)
    ctx.status = 403
    sendChallenge(ctx, makeChallenge(keys, ctx, 'again', id), id)
    ctx.body = {}
  }

  #refuse(ctx: Context, id: string | undefined, device: BoundKey): void {
    this.#parts.report(ctx, id, 'challenge')
    this.#challenge(ctx, device)
  }

  #challenge(ctx: Context, { id, used }: BoundKey): void {
    ctx.status = 403
    sendChallenge(ctx, makeChallenge(this.#parts.keys, ctx, 'refresh', id, used), id)
    ctx.body = {}
  }

  #goOn(ctx: Context, { id, used }: BoundKey): void {
    const { credential, initiators, keys, settings, exchanges, transport } = this.#parts
    const attributes = transport.attributesOf(exchanges.of(ctx).presented?.attributes ?? {})
    // A challenge that is too old when it is needed would cost the device a signature for nothing.
    if (settings.lifetime <= CHALLENGE_MS) sendChallenge(ctx, makeChallenge(keys, ctx, 'refresh', id, used), id)
    answer(ctx, 200, instructionsFor(ctx, { id, credential, attributes, initiators, settings }))
  }
}

/** Lets the browser forget the binding. It never holds what it could have got with a proof. */
function end(ctx: Context, status: number, id: string | undefined): void {
  answer(ctx, status, { ...(id === undefined ? {} : { session_identifier: id }), continue: false })
}
