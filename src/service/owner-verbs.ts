import type { Context } from 'koa'
import { isPromise } from '../base/awaitable'
import type { SessionConfig } from '../config/config'
import { findRequest } from '../request/scope/current-request'
import { OwnerSessions, type Asked, type SignedInSession } from './owner-sessions'
import type { Session, SessionData } from '../session/session'
import type { Confirmation } from '../session/sign-in-info'
import { endOwner } from './end-key'
import { checkExcept, checkGivenOwner, checkMethod, withoutOwners } from './owner-arguments'
import { ServiceBase } from './service-base'
import { ctxAmong, ctxOf, optionsAmong, ownedArguments } from './verb-arguments'

/** By what a visitor has proved who they are. */
export interface ConfirmationMethod {
  /** The name of a method, 64 characters at most: `'password'` for example. */
  method?: string
}

/** Whose sessions a verb is about. */
export interface OfOwner {
  /** An account's id, as the option `owner` returns it. Default: who is signed in with this request. */
  owner?: string | number
}

/** Which of an owner's sessions {@link SessionService.revokeAll} ends. */
export interface RevokeAllOptions extends OfOwner {
  /** The one that goes on: `'current'`, or a handle of {@link SessionService.list}. */
  except?: 'current' | (string & {})
  /** With the option `ends`: answers once no process can open what was ended. */
  everywhere?: boolean
}

/** How all sessions of an owner are ended. */
type EndAllOptions = Pick<RevokeAllOptions, 'except' | 'everywhere'> & { later?: boolean }

const METHOD = ['method'] as const
const OWNER = ['owner'] as const
const REVOKE_ALL = ['owner', 'except', 'everywhere'] as const

/** The verbs about who is signed in, where, and how lately they proved it. */
export class OwnerVerbs<Data extends object = SessionData> extends ServiceBase<Data> {
  readonly #owned = new OwnerSessions(this.config)

  /**
   * Notes that the visitor has just proved who they are, such as by their password: {@link isFresh} is true for a while. The
   * session's token is rotated, and a request that is under way with the earlier one is `gone`. A sign-in, with the option
   * `owner`, does the same by itself. It is no sign-in: the session keeps its place among `maxPerOwner`.
   *
   * @example
   * await sessions.confirm({ method: 'password' }, ctx)
   *
   * @param options.method by what, 64 characters at most; the ctx may stand in the place of the options
   * @returns the session; null where it was ended meanwhile
   * @throws {SessionError} `ERR_SESSION_REQUIRED` (401) where nobody is signed in, `ERR_SESSION_HEADERS_SENT` once the
   * response is under way, `ERR_SESSION_OWNER_CHANGED` where the request has given the session to another account beside it
   */
  confirm(ctx: Context): Promise<Session<Data> | null>
  confirm(options?: ConfirmationMethod, ctx?: Context): Promise<Session<Data> | null>
  confirm(first?: ConfirmationMethod | Context, second?: Context): Promise<Session<Data> | null> {
    return this.verb(ctxAmong(first, second), async (session) => {
      const { method } = optionsAmong<ConfirmationMethod>('sessions.confirm()', METHOD, first)
      checkMethod(method)
      // Whose it is, is asked at once where the session is read already.
      const loading = session.load()
      if (isPromise(loading)) await loading
      await session.commit('confirm', method)
      return session.session as Session<Data> | null
    })
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
   *
   * @param options.method by what; the ctx may stand in the place of the options
   */
  isFresh(within: number, ctx: Context): boolean
  isFresh(within: number, options?: ConfirmationMethod, ctx?: Context): boolean
  isFresh(within: number, first?: ConfirmationMethod | Context, second?: Context): boolean {
    const { method } = optionsAmong<ConfirmationMethod>('sessions.isFresh(within)', METHOD, first)
    const ctx = ctxAmong(first, second)
    const [at, by] = this.#confirmation(ctx === undefined ? this.context : ctx) ?? []
    return at !== undefined && Date.now() - at < within && (method === undefined || method === by)
  }

  /**
   * The sessions of an owner, those that were used last first; with the option `owner`, on a store with an index by owner.
   *
   * @example
   * for (const { handle, current, device } of await sessions.list()) console.log(handle, current, device)
   *
   * @param options.owner whose; by default who is signed in with this request. Outside a request it has to be given. The account
   * itself, or the ctx, may stand in the place of the options.
   * @throws {SessionError} `ERR_SESSION_OPTIONS` where the store has no such index
   */
  list(ctx: Context): Promise<SignedInSession[]>
  list(options?: OfOwner | string | number, ctx?: Context): Promise<SignedInSession[]>
  list(...given: unknown[]): Promise<SignedInSession[]> {
    return this.attended(ctxOf(given), async (ctx) => {
      const { options } = ownedArguments<OfOwner>('sessions.list()', OWNER, given)
      const asked = await this.#ask(options.owner, ctx)
      return asked ? this.#owned.list(asked) : []
    })
  }

  /**
   * Ends one session of an owner, also on another device.
   *
   * @example
   * await sessions.revoke(String(ctx.query.handle))
   *
   * @param options.owner whose; by default who is signed in with this request. The ctx may stand in the place of the options.
   * @returns whether there was one; an unknown handle, a forged one and one of another owner are all false
   */
  revoke(handle: string, ctx: Context): Promise<boolean>
  revoke(handle: string, options?: OfOwner, ctx?: Context): Promise<boolean>
  revoke(handle: string, first?: OfOwner | Context, second?: Context): Promise<boolean> {
    return this.attended(ctxAmong(first, second), async (ctx) => {
      const { owner } = optionsAmong<OfOwner>('sessions.revoke(handle)', OWNER, first)
      const asked = await this.#ask(owner, ctx)
      return asked ? this.#owned.revoke(handle, asked) : false
    })
  }

  /**
   * Ends all sessions of an owner, or all but one: also those whose sign-in is under way. It counts from the moment at which the
   * store notes it: a sign-in that begins later is not touched. Where a step fails, the others are made all the same.
   *
   * @example
   * await sessions.revokeAll({ owner: 'alice' })
   *
   * @param options.owner whose; by default who is signed in with this request. The account itself may stand before the options,
   * and the ctx in their place.
   * @param options.except `'current'`, or the handle of the session that goes on
   * @param options.everywhere with the option `ends`, whether to answer only when no process can open what was ended
   * @returns how many were ended; undefined for sessions in their cookies, with the option `ends`: nobody knows how many there are
   * @throws {SessionError} `ERR_SESSION_STORE` (503), whose message says how many were ended, and what may live
   */
  revokeAll(ctx: Context): Promise<number | undefined>
  revokeAll(options?: RevokeAllOptions, ctx?: Context): Promise<number | undefined>
  revokeAll(
    owner: string | number | undefined,
    options?: Omit<RevokeAllOptions, 'owner'>,
    ctx?: Context,
  ): Promise<number | undefined>
  revokeAll(...given: unknown[]): Promise<number | undefined> {
    return this.attended(ctxOf(given), async (ctx) => {
      const { options } = ownedArguments<RevokeAllOptions>('sessions.revokeAll()', REVOKE_ALL, given)
      checkExcept(options.except)
      const asked = await this.#ask(options.owner, ctx)
      if (asked) return this.#endAll(asked, options)
      return isListed(this.config) ? 0 : undefined
    })
  }

  /**
   * Ends all other sessions of who is signed in with this request: after a change of the password, for example.
   *
   * @example
   * await sessions.revokeOthers(ctx)
   *
   * @returns how many were ended; undefined as with {@link revokeAll}
   */
  revokeOthers(ctx?: Context): Promise<number | undefined> {
    return this.revokeAll({ except: 'current' }, ctx)
  }

  /**
   * Ends all sessions of an owner by their key, where an index lists them; undefined where none does.
   *
   * @internal
   */
  protected async endListed(
    owner: string,
    options: EndAllOptions,
    ctx: Context | undefined,
  ): Promise<{ count: number } | undefined> {
    const { owner: option, ContextStore } = this.config.options
    if (!option || !isListed(this.config) || (ContextStore && !ctx)) return undefined
    const asked = (await this.#ask(owner, ctx)) as Asked
    if (!asked.backend.owners) return undefined
    return { count: (await this.#endAll(asked, options)) as number }
  }

  /** Returns how many were ended; undefined where sessions are judged when they come. */
  async #endAll(asked: Asked, options: EndAllOptions): Promise<number | undefined> {
    const { ends } = this.config
    if (ends && !asked.backend.owners) return void (await endOwner(this.config, ends, asked, options))
    const count = await this.#owned.revokeAll(asked, options)
    if (options.everywhere) await ends?.everywhere()
    return count
  }

  #confirmation(ctx: Context): Confirmation | undefined {
    const session = this.sessionIn(ctx)
    if (session.session === null || session.owner !== session.stored?.snapshot.owner) return undefined
    const { successor, opening, signInInfo } = session.stored ?? {}
    return successor?.proof ?? opening?.proof ?? signInInfo?.confirmed
  }

  /**
   * Does what a request asks for, so that its middleware waits for it; outside of one, just does it.
   *
   * @internal
   */
  protected attended<T>(given: Context | undefined, work: (ctx: Context | undefined) => Promise<T>): Promise<T> {
    const ctx = given === undefined ? findRequest(this.app) : given
    return ctx === undefined ? work(undefined) : this.verb(ctx, () => work(ctx))
  }

  /** Undefined where no owner is given and nobody is signed in. */
  async #ask(given: string | number | undefined, ctx = findRequest(this.app)): Promise<Asked | undefined> {
    const { options, backendOf } = this.config
    if (!options.owner) throw withoutOwners()
    if (given !== undefined) checkGivenOwner(given)
    if (!ctx && (given === undefined || options.ContextStore)) return void this.context
    const session = ctx && this.sessionIn(ctx)
    const loading = session?.load()
    if (isPromise(loading)) await loading
    const owner = given === undefined ? session?.owner : String(given)
    if (owner === undefined) return undefined
    const isPresent = owner === session?.owner || owner === session?.stored?.snapshot.owner
    const isSame = session?.state.sameness() ?? (() => false)
    // Without a context, there is one store for all requests.
    const backend = session?.scope.backend ?? backendOf(ctx as unknown as Context)
    return { owner, backend, current: isPresent ? session : undefined, asker: session, isSame }
  }
}

/** Whether what is ended can be counted: sessions in their cookies cannot. */
function isListed({ hasStore, ends }: SessionConfig): boolean {
  return hasStore || !ends
}
