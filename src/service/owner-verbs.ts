import type { Context } from 'koa'
import { SessionError } from '../base/errors'
import { findRequest } from '../request/scope/current-request'
import { OwnerSessions, type Asked, type SignedInSession } from './owner-sessions'
import type { Session, SessionData } from '../session/session'
import type { Confirmation } from '../session/tenure'
import { ServiceBase } from './service-base'

/** The verbs about who is signed in, where, and how lately they proved it. */
export class OwnerVerbs<Data extends object = SessionData> extends ServiceBase<Data> {
  readonly #owned = new OwnerSessions(this.config)

  /**
   * Notes that the visitor has just proved who they are, such as by their password: {@link isFresh} is true for a while. The
   * session's token is rotated, and a request that is under way with the earlier one is `gone`. A sign-in, with the option
   * `owner`, does the same by itself.
   *
   * @example
   * await sessions.confirm({ method: 'password' }, ctx)
   *
   * @param options.method by what, 64 characters at most
   * @returns the session; null where it was ended meanwhile
   * @throws {SessionError} `ERR_SESSION_REQUIRED` (401) where nobody is signed in, `ERR_SESSION_HEADERS_SENT` once the
   * response is under way
   */
  async confirm({ method }: { method?: string } = {}, ctx: Context = this.context): Promise<Session<Data> | null> {
    checkMethod(method)
    const session = this.sessionIn(ctx)
    await session.load()
    await session.commit('confirm', method)
    return session.session as Session<Data> | null
  }

  /**
   * When the visitor last proved who they are, in milliseconds since 1970; undefined where they did not.
   *
   * @example
   * ctx.body = { confirmedAt: sessions.confirmedAt(ctx) }
   */
  confirmedAt(ctx: Context = this.context): number | undefined {
    return this.#confirmation(ctx)?.[0]
  }

  /**
   * Whether the visitor has proved who they are within so many milliseconds, by that method if one is given.
   *
   * @example
   * if (!sessions.isFresh(5 * 60_000, { method: 'password' }, ctx)) ctx.redirect('/confirm')
   */
  isFresh(within: number, { method }: { method?: string } = {}, ctx: Context = this.context): boolean {
    const [at, by] = this.#confirmation(ctx) ?? []
    return at !== undefined && Date.now() - at < within && (method === undefined || method === by)
  }

  /**
   * The sessions of an owner, those that were used last first; with the option `owner`, on a store with an index by owner.
   *
   * @example
   * for (const { handle, current, device } of await sessions.list()) console.log(handle, current, device)
   *
   * @param owner whose; by default who is signed in with this request. Outside a request it has to be given.
   * @throws {SessionError} `ERR_SESSION_OPTIONS` where the store has no such index
   */
  async list(owner?: string | number, ctx?: Context): Promise<SignedInSession[]> {
    const asked = await this.#ask(owner, ctx)
    return asked ? this.#owned.list(asked) : []
  }

  /**
   * Ends one session of an owner, also on another device.
   *
   * @example
   * await sessions.revoke(String(ctx.query.handle))
   *
   * @param options.owner whose; by default who is signed in with this request
   * @returns whether there was one; an unknown handle, a forged one and one of another owner are all false
   */
  async revoke(handle: string, { owner }: { owner?: string | number } = {}, ctx?: Context): Promise<boolean> {
    const asked = await this.#ask(owner, ctx)
    return asked ? this.#owned.revoke(handle, asked) : false
  }

  /**
   * Ends all sessions of an owner, or all but one: also those whose sign-in is under way. A sign-in that begins later is not
   * touched.
   *
   * @example
   * await sessions.revokeAll(undefined, { except: 'current' })
   *
   * @param owner whose; by default who is signed in with this request
   * @param options.except `'current'`, or the handle of the session that goes on
   * @returns how many were ended
   */
  async revokeAll(
    owner?: string | number,
    { except }: { except?: 'current' | (string & {}) } = {},
    ctx?: Context,
  ): Promise<number> {
    checkExcept(except)
    const asked = await this.#ask(owner, ctx)
    return asked ? this.#owned.revokeAll(asked, { except }) : 0
  }

  #confirmation(ctx: Context): Confirmation | undefined {
    const session = this.sessionIn(ctx)
    if (session.session === null || session.owner !== session.stored?.snapshot.owner) return undefined
    return session.stored?.tenure.confirmed
  }

  /** Undefined where no owner is given and nobody is signed in. */
  async #ask(given: string | number | undefined, ctx = findRequest(this.app)): Promise<Asked | undefined> {
    const { options, backendOf } = this.config
    if (!options.owner) throw withoutOwners()
    if (given !== undefined) checkOwner(given)
    if (!ctx && (given === undefined || options.ContextStore)) return void this.context
    const session = ctx && this.sessionIn(ctx)
    await session?.load()
    const owner = given === undefined ? session?.owner : String(given)
    if (owner === undefined) return undefined
    const isPresent = owner === session?.owner || owner === session?.stored?.snapshot.owner
    // Without a context, there is one store for all requests.
    const backend = session?.scope.backend ?? backendOf(ctx as unknown as Context)
    return { owner, backend, current: isPresent ? session : undefined, asker: session }
  }
}

function checkOwner(owner: unknown): void {
  if (typeof owner === 'string' || (typeof owner === 'number' && Number.isFinite(owner))) return
  throw new SessionError(
    'ERR_SESSION_BAD_VALUE',
    `An owner is the account's id, a string or a number as the option "owner" returns it: not ${describe(owner)}. Leave it ` +
      'out to mean who is signed in with this request.',
  )
}

function describe(value: unknown): string {
  return typeof value === 'number' || value === null ? String(value) : `a value of type ${typeof value}`
}

function checkExcept(except: unknown): void {
  if (except === undefined || typeof except === 'string') return
  throw new SessionError(
    'ERR_SESSION_BAD_VALUE',
    `sessions.revokeAll(owner, { except }) takes 'current' or a handle of sessions.list(): not ${describe(except)}.`,
  )
}

function withoutOwners(): SessionError {
  return new SessionError(
    'ERR_SESSION_OPTIONS',
    'Sessions are listed and ended by their owner, and the options do not say whose a session is. Add the option "owner".',
  )
}

function checkMethod(method: unknown): void {
  if (method === undefined || (typeof method === 'string' && method.length > 0 && method.length <= 64)) return
  throw new SessionError(
    'ERR_SESSION_BAD_VALUE',
    'sessions.confirm({ method }) takes the name of a method, a text of 1 to 64 characters such as "password".',
  )
}
