import type { Context } from 'koa'
import type { Awaitable } from '../base/awaitable'
import type { SessionError } from '../base/errors'
import { warnOnce } from '../base/warning'
import type { Transport } from '../contracts/transport'
import type { SessionConfig } from '../config/config'
import type { CrossSiteTreatment } from '../options/values/cross-site'
import type { SessionModel } from '../session/session-model'
import { VERB_TRAITS, type CommitVerb } from './commit/commit-plan'
import { Persistence } from './session/persistence'
import { RequestScope } from './scope/request-scope'
import { RequestSession } from './session/request-session'

/** A client that holds nothing, and is told nothing. */
const NO_CLIENT: Transport = { read: () => ({ tokens: [] }), write: () => undefined, clear: () => undefined }

/**
 * The session of a request from another site: empty, whatever the browser holds. It reads nothing from the store, and writes
 * neither there nor to the browser: what the handlers put into it is gone with the request, and a verb that was to write or
 * end something fails.
 *
 * Where such requests are refused, the middleware fails. What stands in front of it, a page of errors for example, can go on
 * with the empty session then.
 */
export class CrossSiteSession extends RequestSession {
  readonly #error: SessionError
  #isRefused: boolean

  constructor(ctx: Context, config: SessionConfig, error: SessionError, treatment: CrossSiteTreatment) {
    const scope = new RequestScope(ctx, { ...config, transport: NO_CLIENT })
    super(scope, new Persistence(scope))
    this.#error = error
    this.#isRefused = treatment === 'refuse'
  }

  override get session(): SessionModel | null {
    if (this.#isRefused) throw this.#error
    return super.session
  }

  override set session(value: unknown) {
    if (this.#isRefused) throw this.#error
    super.session = value
  }

  override get id(): undefined {
    return undefined
  }

  /** Nobody's, whatever the handlers put into it: it lists and ends no sessions. */
  override get owner(): undefined {
    return undefined
  }

  override get token(): undefined {
    return undefined
  }

  override get mayNeedCommit(): boolean {
    return true
  }

  override get hasUnsavedChanges(): boolean {
    return false
  }

  override start(): Awaitable<void> {
    if (!this.#isRefused) return super.start()
    this.#isRefused = false
    // A handler that goes on after this error finds the session read, with the option "lazy" too.
    void super.load()
    this.hasMiddleware = true
    this.scope.noteFailure(this.#error)
    throw this.#error
  }

  override load(): Awaitable<void> {
    if (this.#isRefused) throw this.#error
    return super.load()
  }

  override finish(): void {
    if (!super.hasUnsavedChanges) return
    warnOnce(
      'cross-site',
      'A request from another site has changed its session, and the change is dropped. Where it is to have the session, see ' +
        'the option "crossSite".',
    )
  }

  override async commit(verb: CommitVerb): Promise<void> {
    // To extend a session, or to write what has changed, asks for nothing where there is none.
    const { isImplicit, extends: isTouch } = VERB_TRAITS[verb]
    const asksNothing = isTouch || (isImplicit && super.session !== null)
    if (!asksNothing) throw this.#error
  }

  override async update(): Promise<void> {
    throw this.#error
  }

  override async once(): Promise<never> {
    throw this.#error
  }
}
