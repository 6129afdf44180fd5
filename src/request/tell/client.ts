import onHeaders from 'on-headers'
import { andThen, type Awaitable } from '../../base/awaitable'
import type { Presented, PresentedToken } from '../../contracts/transport'
import { keepCookies, keepCookiesOnError } from '../../cookies/keep-cookies'
import type { SessionEvents } from '../../session/events'
import type { Lifetime } from '../../session/record'
import type { Outcome } from '../commit/commit-job'
import type { RequestScope } from '../scope/request-scope'
import { canStillTell, hasResponse } from '../scope/response-state'
import { clearSiteData, forbidStoring } from './response-headers'
import { cookieLife } from '../../rotation/rotation'
import { isRotating } from '../open/rotating'
import { bindable, leftOf, type Stored } from '../open/stored'

/** What is known of a token that a response is to hand over: whether it opens the session still. */
export type TokenState = 'current' | 'changed' | 'unknown'

/** The client, and all that it is told of its session: nothing else calls what writes to it. */
export class Client {
  readonly #scope: RequestScope
  #accepted: PresentedToken | undefined
  /** What this response is to hand to the client. */
  #sent: string | undefined
  /** The session whose token that is, and what was known of its changes then. */
  #sentOf: { id: string; changes: number } | undefined
  /** That is what the client presented. */
  #isRenewal = false
  /** What the client presents of ours, accepted or not; undefined as long as nobody has looked. */
  #presented: readonly PresentedToken[] | undefined
  #wasTold = false
  #wasSigned: boolean | undefined

  constructor(scope: RequestScope) {
    this.#scope = scope
  }

  /** What the client presents; undefined as long as nobody has looked. */
  get presented(): readonly PresentedToken[] | undefined {
    return this.#presented
  }

  /** Whether the response says something of the session. */
  get wasTold(): boolean {
    return this.#wasTold
  }

  /** Whether a signature was asked for when somebody looked at that; undefined as long as nobody has. */
  get wasSigned(): boolean | undefined {
    return this.#wasSigned
  }

  /** Whether this response was given a cookie of the session, and has to have it still. */
  get hasSent(): boolean {
    return this.#sent !== undefined && this.#wasTold
  }

  /** Whether what the client presented is good, and to be signed anew. */
  get isSignatureOld(): boolean {
    return this.#accepted?.outdated === true
  }

  /** Nothing can be told any more: the response is under way, or the client is gone. */
  get isTooLate(): boolean {
    return !hasResponse(this.#scope.ctx) || !canStillTell(this.#scope.ctx)
  }

  /** What the client presents. A signature that fits nothing is dropped, as the `cookies` package does. */
  present(): Awaitable<PresentedToken[]> {
    const { config, ctx, attributes } = this.#scope
    this.#wasSigned = attributes.signed
    return andThen(config.transport.read(ctx, attributes), (presented) => this.#receive(presented))
  }

  /** Takes note of what the client was accepted with. */
  accept(presented: PresentedToken): void {
    this.#accepted = presented
  }

  /** What the client is told follows from how a commit ended. */
  tell(outcome: Outcome, token: string | undefined): Awaitable<void> {
    if (this.#scope.config.hasStore) this.retractUnless(token)
    if (outcome.name === 'unchanged') {
      if (outcome.tell === 'clear') return this.clear(undefined)
      return outcome.tell === 'sign' ? this.#sign(outcome.stored) : undefined
    }
    if (outcome.name !== 'written' || outcome.token === undefined || this.#isRepeated(outcome)) return
    this.#scope.config.binding?.written(this.#scope.ctx, bindable(outcome.stored))
    const { rotation } = this.#scope.config
    const life = rotation && isRotating(outcome.stored, this.#scope) ? cookieLife(outcome.left) : outcome.left
    const send = (): Awaitable<void> => this.#send(outcome.token as string, life, outcome.stored.id)
    if (outcome.stored.successor && !this.isTooLate) forbidStoring(this.#scope.ctx)
    return outcome.isRotated ? this.clear(outcome.stored.id).then(send) : send()
  }

  /**
   * A token that changes while its visitor works is in one response and in no other: one that comes late would bring it back when
   * it has been replaced.
   */
  #isRepeated({ token, stored }: Outcome & { name: 'written' }): boolean {
    return token === this.#accepted?.token && token !== this.#sent && isRotating(stored, this.#scope)
  }

  /** Hands the client its token, for a session that has `left` to live. */
  #send(token: string, left: Lifetime, id: string | undefined): Awaitable<void> {
    const { config, ctx, attributes } = this.#scope
    const isKnown = this.#accepted?.token === token
    this.#isRenewal = isKnown && (this.#isRenewal || this.#sent === undefined)
    this.#accepted = { token }
    this.#sent = token
    if (this.#losesInTransit(config.hasStore ? (isKnown ? 'renewal' : 'id') : 'data', id)) return
    if (id !== undefined) this.#watchUntilHeaders(id)
    return andThen(config.transport.write(ctx, token, attributes, left), () => this.#noteTold())
  }

  /** Whatever the answer waits for on its way out, what this service has changed meanwhile is not undone by it. */
  #watchUntilHeaders(id: string): void {
    const { config, ctx } = this.#scope
    const isFirst = this.#sentOf === undefined
    this.#sentOf = { id, changes: config.tokenChanges.of(id) }
    if (isFirst) onHeaders(ctx.res, () => this.#retractIfChanged())
  }

  #retractIfChanged(): void {
    const { id, changes } = this.#sentOf as { id: string; changes: number }
    if (this.#scope.config.tokenChanges.of(id) !== changes) this.#retract()
  }

  /** Goes by what has become of the token that this response is to hand over. */
  judgeToken(found: TokenState): void {
    if (found === 'current' && this.#sentOf) this.#watchUntilHeaders(this.#sentOf.id)
    // What the client holds already it need not be told.
    if (found === 'changed' || (found === 'unknown' && this.#isRenewal)) this.#retract()
  }

  /** Takes back what this response was to hand over. */
  #retract(): void {
    if (this.#sent === undefined || this.isTooLate) return
    this.#scope.config.transport.retract?.(this.#scope.ctx)
    this.#sent = undefined
  }

  /** Another request has changed the token since: what this response was to hand over opens nothing. */
  retractUnless(token: string | undefined): void {
    if (this.#sent !== token) this.#retract()
  }

  /** Signs a good cookie anew where its key is no longer the first; what is left of its life is not extended. */
  async #sign(stored: Stored | undefined): Promise<void> {
    const { config, ctx, maxAge, attributes } = this.#scope
    const left = stored ? leftOf(stored) : maxAge
    if (!this.#accepted?.outdated || this.isTooLate) return
    this.#noteTold()
    const life = maxAge === 'session' || left === 'session' ? maxAge : Math.max(left, 1)
    await config.transport.write(ctx, this.#accepted.token, attributes, life)
    this.#accepted = undefined
  }

  /** Makes the client forget its session. */
  async clear(id: string | undefined): Promise<void> {
    this.#sent = undefined
    if (this.#losesInTransit('removal', id)) return
    await this.#scope.config.transport.clear(this.#scope.ctx, this.#scope.attributes)
    this.#noteTold()
  }

  /** The session has ended: the client forgets it, and what the site has left there. Who held none is not cleaned. */
  async signOut(id: string | undefined): Promise<void> {
    const { ctx, config } = this.#scope
    if (config.clearSiteData !== undefined) {
      const presented = this.#presented ?? (await this.present())
      if (presented.length > 0) clearSiteData(ctx, config.clearSiteData)
    }
    await this.clear(id)
  }

  /** As in koa-session: a cookie on which `decode` fails is cleared, so that the next request does not fail as well. */
  clearUnreadable(): void {
    if (this.#scope.config.hasStore || this.isTooLate) return
    void this.#scope.config.transport.clear(this.#scope.ctx, this.#scope.attributes)
    this.#noteTold()
  }

  #receive({ tokens, hasStraySignature }: Presented): PresentedToken[] {
    this.#presented = tokens
    if (!hasStraySignature || this.isTooLate) return tokens
    this.#scope.config.transport.dropSignature?.(this.#scope.ctx)
    this.#wasTold = true
    return tokens
  }

  #noteTold(): void {
    this.#wasTold = true
    const { ctx, config, stage } = this.#scope
    const keep = stage.isCommitting ? keepCookiesOnError : keepCookies
    keep(ctx, config.options.key)
  }

  #losesInTransit(lost: SessionEvents['headersSent']['lost'], id: string | undefined): boolean {
    if (!this.isTooLate) return false
    this.#scope.noteTrouble({ lost })
    this.#scope.report('headersSent', id, { lost })
    return true
  }
}
