import type { Context } from 'koa'
import { createParamDecorator, HttpError, type Action } from 'routing-controllers'
import type { Awaitable } from './base/awaitable'
import { SessionError } from './base/errors'
import {
  installedService,
  isPopulated,
  isSet,
  notFresh,
  ownValue,
  refused,
  type ServiceClass,
} from './handlers/session-access'
import { SessionService } from './service'
import type { Session as SessionOf, SessionData } from './session/session'

// routing-controllers answers with an error's status only where the error is an HttpError of its own.
Object.setPrototypeOf(SessionError.prototype, HttpError.prototype)
Object.defineProperty(SessionError.prototype, 'httpCode', {
  get(this: SessionError) {
    return this.status
  },
})

/** A visitor's session: the type that goes with the decorator of the same name. */
export type Session<Data extends object = SessionData> = SessionOf<Data>

/** What {@link Session} and {@link SessionParam} take. */
export interface SessionParameterOptions<Value> {
  /**
   * Refuses the request with 401 and `ERR_SESSION_REQUIRED`: `true` where there is no session with data in it, or no
   * value of the key; a function where it returns false. Default: false.
   */
  required?: boolean | ((value: Value) => Awaitable<boolean>)
  /**
   * Refuses the request with 403 and `ERR_SESSION_NOT_FRESH` where who is signed in has not proved who they are within so
   * many milliseconds, by a sign-in or by {@link SessionService.confirm}; with 401 and `ERR_SESSION_REQUIRED` where nobody
   * is. Implies `required`. Default: no such bound.
   */
  fresh?: number | Freshness
  /** Refuses the request with 403 and `ERR_SESSION_NOT_BOUND` where the session is bound to no device. Default: false. */
  bound?: boolean
  /** The service whose session is meant, in an app that has several. Default: `SessionService`. */
  from?: ServiceClass
}

export type { ServiceClass } from './handlers/session-access'

/** How lately who is signed in has to have proved who they are. */
export interface Freshness {
  /** In milliseconds. */
  within: number
  /** By what, as `confirm({ method })` was told. */
  method?: string
}

/**
 * Hands the visitor's session to a parameter of a routing-controllers action: the live object, loaded, also where the
 * parameter's type is a class. With a key, the value of that key. After the session was destroyed it is null. From
 * `koa-session-service/routing-controllers`.
 *
 * @example
 * @Get('/cart') show(@Session() session: Session<Cart>) { return session.items ?? [] }
 * @Get('/me')   me(@Session('userId', { required: true }) userId: string) { return this.users.find(userId) }
 *
 * @Delete('/cart') empty(@Session({ fresh: 5 * 60_000 }) session: Session<Cart>) { session.items = [] }
 *
 * @throws {SessionError} `ERR_SESSION_REQUIRED` (401), `ERR_SESSION_NOT_FRESH` and `ERR_SESSION_NOT_BOUND` (403),
 * `ERR_SESSION_NO_MIDDLEWARE` where the session middleware has not run for the request; `ERR_SESSION_OPTIONS` at once for a
 * `fresh` that is no time
 */
export function Session<Data extends object = SessionData>(
  options?: SessionParameterOptions<SessionOf<Data>>,
): ParameterDecorator
export function Session<Value = unknown>(key: string, options?: SessionParameterOptions<Value>): ParameterDecorator
export function Session(
  first?: string | SessionParameterOptions<never>,
  options?: SessionParameterOptions<never>,
): ParameterDecorator {
  if (typeof first === 'string') return SessionParam(first, options)
  return inject(first ?? {}, (session) => session, isPopulated)
}

/**
 * Hands the value of one key of the session to a parameter of an action; undefined where there is none. From
 * `koa-session-service/routing-controllers`.
 *
 * @example
 * @Get('/me') me(@SessionParam('userId', { required: true }) userId: string) { return this.users.find(userId) }
 *
 * @throws {SessionError} as {@link Session} does
 */
export function SessionParam<Value = unknown>(
  key: string,
  options: SessionParameterOptions<Value> = {},
): ParameterDecorator {
  return inject(options, (session) => ownValue(session, key), isSet)
}

function inject(
  { required = false, fresh, bound = false, from = SessionService }: SessionParameterOptions<never>,
  valueOf: (session: SessionOf<object> | null) => unknown,
  isThere: (value: unknown) => boolean,
): ParameterDecorator {
  const accepts = typeof required === 'function' ? required : isThere
  const freshness = fresh === undefined ? undefined : freshnessOf(fresh)
  const value = async (action: Action): Promise<unknown> => {
    const ctx = action.context as Context
    const service = installedService(from, ctx)
    const found = valueOf(await service.load(ctx))
    const isFreeToAll = required === false && !freshness
    if (!isFreeToAll && !(isThere(found) && (await accepts(found as never)))) throw refused()
    if (freshness && !service.isFresh(freshness.within, { method: freshness.method }, ctx)) throw notFresh()
    if (bound && !service.isBound(ctx)) throw notBound()
    return found
  }
  const decorate = createParamDecorator({ value })
  return (target, method, index) => decorate(target, method as string, index)
}

function freshnessOf(fresh: number | Freshness): Freshness {
  const given: Partial<Freshness> | null = typeof fresh === 'object' ? fresh : { within: fresh }
  const { within, method } = given ?? {}
  const isTime = typeof within === 'number' && within > 0
  if (isTime && (method === undefined || typeof method === 'string')) return { within, method }
  throw new SessionError(
    'ERR_SESSION_OPTIONS',
    'The option "fresh" of @Session() takes a positive number of milliseconds, or { within, method } with a text as method.',
  )
}

function notBound(): SessionError {
  return new SessionError(
    'ERR_SESSION_NOT_BOUND',
    'This needs a session that is bound to its device, and this one is not. Leave out "bound" for browsers that bind none.',
    { status: 403 },
  )
}
