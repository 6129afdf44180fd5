import type { Context } from 'koa'
import { createParamDecorator, HttpError, type Action } from 'routing-controllers'
import { orRejected, settle, type Awaitable } from './base/awaitable'
import { SessionError } from './base/errors'
import { warnOnce } from './base/warning'
import { requireLoaded } from './handlers/require-session'
import { checkRequirements, type Requirements, type SessionRequirements } from './handlers/requirements'
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

export type { Freshness, SessionRequirements } from './handlers/requirements'
export type { ServiceClass } from './handlers/session-access'

/**
 * Hands the visitor's session to a parameter of a routing-controllers action: the live object, loaded, also where the
 * parameter's type is a class. After the session was destroyed it is null. For the value of one key there is
 * {@link SessionParam}. From `koa-session-service/routing-controllers`.
 *
 * @example
 * @Get('/cart') show(@Session() session: Session<Cart>) { return session.items ?? [] }
 *
 * @Delete('/cart') empty(@Session({ fresh: 5 * 60_000 }) session: Session<Cart>) { session.items = [] }
 *
 * @throws {SessionError} `ERR_SESSION_REQUIRED` (401), `ERR_SESSION_NOT_FRESH` and `ERR_SESSION_NOT_BOUND` (403),
 * `ERR_SESSION_NO_MIDDLEWARE` where the session middleware has not run for the request; `ERR_SESSION_OPTIONS` at once for an
 * option that cannot be
 */
export function Session<Data extends object = SessionData>(
  requirements?: SessionRequirements<SessionOf<Data>>,
): ParameterDecorator
export function Session(requirements?: unknown, ...others: unknown[]): ParameterDecorator {
  if (typeof requirements === 'string') throw misused(`@Session('${requirements}')`, SESSION_PARAM)
  if (others.length > 0) throw misused('@Session without parentheses', 'Write @Session().')
  return inject(checkRequirements('@Session()', undefined, requirements))
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
  requirements?: SessionRequirements<Value>,
): ParameterDecorator {
  if (typeof key !== 'string') throw misused('@SessionParam() without a key', SESSION_PARAM)
  return inject(checkRequirements('@SessionParam()', key, requirements))
}

const SESSION_PARAM =
  "@Session() is the whole session, and @SessionParam('userId') the value of a key; both take an object of options last."

function inject(requirements: Requirements): ParameterDecorator {
  const decorate = createParamDecorator({
    value: (action: Action) => {
      const load = (): Awaitable<unknown> => requireLoaded(requirements, action.context as Context)
      return orRejected(() => settle(load, (value) => value, tellDeveloper))
    },
  })
  return (target, method, index) => decorate(target, method as string, index)
}

/** routing-controllers answers with the code alone, and logs nothing: a developer would not see what the cure is. */
function tellDeveloper(error: unknown): never {
  if (error instanceof SessionError && error.status === 500) {
    warnOnce(`answered: ${error.code}`, `@Session() failed with ${error.code}. ${error.message}`)
  }
  throw error
}

function misused(what: string, cure: string): SessionError {
  return new SessionError('ERR_SESSION_OPTIONS', `There is no ${what}. ${cure}`)
}
