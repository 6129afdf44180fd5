import { AsyncLocalStorage } from 'node:async_hooks'
import type Koa from 'koa'
import type { Context } from 'koa'
import { SessionError } from '../../base/errors'

/** One for all services: whichever app's service a container has injected, it finds the request that it is called in. */
const storage = new AsyncLocalStorage<Context>()

/** Runs the work so that {@link currentRequest} finds its request. */
export function inRequest<T>(ctx: Context, work: () => T): T {
  return storage.run(ctx, work)
}

/** The request that this code runs in, or undefined outside of one. */
export function findRequest(app: Koa): Context | undefined {
  const own = storage.getStore()
  const koas = app.currentContext as Context | undefined
  return own && (own.app === app || !koas) ? own : koas
}

/**
 * The request of an app that this code runs in.
 *
 * @throws {SessionError} `ERR_SESSION_NO_REQUEST`
 */
export function currentRequest(app: Koa): Context {
  const ctx = findRequest(app)
  if (ctx) return ctx
  throw noRequest()
}

/**
 * The request that this code runs in, of whichever app.
 *
 * @throws {SessionError} `ERR_SESSION_NO_REQUEST`
 */
export function requestAround(): Context {
  const ctx = storage.getStore()
  if (ctx) return ctx
  throw noRequest()
}

function noRequest(): SessionError {
  return new SessionError(
    'ERR_SESSION_NO_REQUEST',
    'The session service was used outside a request, or without a ctx. Pass the ctx; or set the option ' +
      'asyncLocalStorage: true and call the service from code that runs behind the session middleware.',
  )
}
