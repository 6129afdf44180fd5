import { SessionError } from './base/errors'
import { accessor, type Accessor } from './handlers/accessor'
import { guard } from './handlers/guard'
import { checkRequirements, type Requirements, type SessionRequirements } from './handlers/requirements'
import type { Session, SessionData } from './session/session'

export type { Freshness, SessionRequirements } from './handlers/requirements'
export type { ServiceClass } from './handlers/session-access'

/** A decorator of accessors, getters and async methods, in standard and in legacy classes. */
export interface SessionDecorator {
  <This, Value>(
    target: ClassAccessorDecoratorTarget<This, Value>,
    context: ClassAccessorDecoratorContext<This, Value>,
  ): ClassAccessorDecoratorResult<This, Value>
  <This, Value>(getter: (this: This) => Value, context: ClassGetterDecoratorContext<This, Value>): (this: This) => Value
  <This, Args extends unknown[], Result>(
    method: AsyncMethod<This, Args, Result>,
    context: ClassMethodDecoratorContext<This, AsyncMethod<This, Args, Result>>,
  ): AsyncMethod<This, Args, Result>
  // The legacy ones: a property, a method, and what has a getter.
  (target: object, key: string | symbol, descriptor?: undefined): void
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the parameters are the method's own
  (target: object, key: string | symbol, method: TypedPropertyDescriptor<(...args: any[]) => Promise<any>>): void
  <Value>(target: object, key: string | symbol, accessor: TypedPropertyDescriptor<Value> & NoMethod<Value>): void
}

/** A method that a guard can be put before: who calls it waits for it anyway. */
export type AsyncMethod<This, Args extends unknown[], Result> = (this: This, ...args: Args) => Promise<Result>

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- whatever can be called
type NoMethod<Value> = Value extends (...args: any[]) => unknown ? never : unknown

/**
 * The visitor's session in any class, from `koa-session-service/decorators`: as a standard decorator and, with `experimentalDecorators`, as a legacy one. It
 * needs no metadata. The session is that of the request which the code runs in: set the option
 * `asyncLocalStorage: true` (with typedi it is).
 *
 * - An accessor is the live session, or the value of a key. Assigning to it is assigning to `ctx.session`, or to the key.
 * - An async method is called only where the session meets its {@link SessionRequirements}. With the option `lazy`, this loads the
 *   session, which the accessors then have.
 *
 * @example
 * ```ts
 * import type { Session } from 'koa-session-service'
 *
 * class Carts {
 *   @session accessor cart!: Session<Cart>
 *   @session('userId') accessor userId: string | undefined
 *
 *   @session({ required: true, fresh: 15 * 60 * 1000 })
 *   async checkout() { return { userId: this.userId, items: this.cart.items } }
 * }
 * ```
 *
 * @throws {SessionError} `ERR_SESSION_REQUIRED` (401), `ERR_SESSION_NOT_FRESH` and `ERR_SESSION_NOT_BOUND` (403),
 * `ERR_SESSION_NO_REQUEST` outside a request, `ERR_SESSION_NO_MIDDLEWARE`; `ERR_SESSION_NOT_LOADED` from an accessor with `lazy`;
 * `ERR_SESSION_OPTIONS` at once for an option that cannot be, and on what cannot be decorated
 */
export const session = decorate as SessionDecorator & {
  <Data extends object = SessionData>(requirements?: SessionRequirements<Session<Data>>): SessionDecorator
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the data tell the value's type, which is not known here
  <Value = any>(key: string, requirements?: SessionRequirements<Value>): SessionDecorator
}

function decorate(...given: unknown[]): unknown {
  if (isContext(given[1])) return standard(given[0], given[1], checkRequirements('@session'))
  if (given.length > 1 && typeof given[0] !== 'string') return legacy(given, checkRequirements('@session'))
  const [key, options] = typeof given[0] === 'string' ? given : [undefined, given[0]]
  const requirements = checkRequirements('@session', key as string | undefined, options)
  return (...target: unknown[]) =>
    isContext(target[1]) ? standard(target[0], target[1], requirements) : legacy(target, requirements)
}

/** What a standard decorator is told of its target. */
interface StandardContext {
  kind: DecoratorContext['kind']
  name: string | symbol
}

function isContext(value: unknown): value is StandardContext {
  return typeof value === 'object' && value !== null && 'kind' in value
}

function standard(target: unknown, { kind, name }: StandardContext, requirements: Requirements): unknown {
  if (kind === 'method') return guard(target as Method, requirements)
  if (kind === 'getter') return accessor(requirements).get
  if (kind === 'accessor') return { ...accessor(requirements), init: (value: unknown) => refuseInitial(value, name) }
  throw misplaced(`the ${kind} ${String(name)}`)
}

type Method = (...args: unknown[]) => unknown

/** A legacy decorator gets the class's prototype, the name, and what is there: nothing for a property. */
function legacy([, key, descriptor]: unknown[], requirements: Requirements): PropertyDescriptor {
  if (typeof key !== 'string' && typeof key !== 'symbol') throw misplaced('a class')
  if (typeof descriptor === 'number') throw misplaced(`a parameter of ${String(key)}`)
  const { value, enumerable = false } = (descriptor ?? {}) as TypedPropertyDescriptor<unknown>
  if (typeof value === 'function') {
    return { value: guard(value as Method, requirements), configurable: true, writable: true, enumerable }
  }
  return { ...(accessor(requirements) satisfies Accessor), configurable: true, enumerable }
}

function refuseInitial(value: unknown, name: string | symbol): undefined {
  if (value === undefined) return
  throw new SessionError(
    'ERR_SESSION_OPTIONS',
    `The accessor ${String(name)} has an initial value, and is decorated with @session: it is the visitor's session. ` +
      'Leave the value out; set a default where the session is used.',
  )
}

function misplaced(place: string): SessionError {
  return new SessionError(
    'ERR_SESSION_OPTIONS',
    `@session stands on ${place}. It takes an accessor ("@session accessor cart!: Session"), a getter, or an async method.`,
  )
}
