import type { Context } from 'koa'
import { SessionError } from '../base/errors'
import { SessionService } from '../service'
import type { Session } from '../session/session'

/** {@link SessionService}, or a class that extends it. */
export type ServiceClass = abstract new (...args: never[]) => SessionService<object>

/**
 * The service whose session a handler is given.
 *
 * @throws {SessionError} `ERR_SESSION_NO_MIDDLEWARE` where its middleware has not run for the request
 */
export function installedService(from: ServiceClass, ctx: Context): SessionService<object> {
  const service = SessionService.of.call<ServiceClass, [Context], SessionService<object>>(from, ctx)
  if (service.hasMiddleware(ctx)) return service
  throw new SessionError(
    'ERR_SESSION_NO_MIDDLEWARE',
    'The session middleware has not run for this request. Call "useSessions(app)" or "app.use(session(app))" before ' +
      'what handles the request, such as "useKoaServer(app, ...)".',
  )
}

/** The value of one key of the data, however the key is named. */
export function ownValue(session: Session<object> | null, key: string): unknown {
  const data = session?.toJSON()
  return data && Object.hasOwn(data, key) ? data[key] : undefined
}

/** Whether there is a session with data in it. */
export function isPopulated(session: unknown): boolean {
  return isSet(session) && (session as Session<object>).populated
}

export function isSet(value: unknown): boolean {
  return value !== undefined && value !== null
}
