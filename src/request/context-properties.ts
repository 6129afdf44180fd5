import type Koa from 'koa'
import type { Context } from 'koa'
import type { RequestSession } from './session/request-session'

/** Gives every `ctx` of an app its session, and that session's options; both can be redefined, as tests do. */
export function defineContextProperties(app: Koa, name: string, sessionOf: (ctx: Context) => RequestSession): void {
  Object.defineProperties(app.context, {
    [name]: {
      configurable: true,
      get(this: Context) {
        return sessionOf(this).session
      },
      set(this: Context, value: unknown) {
        sessionOf(this).session = value
      },
    },
    [`${name}Options`]: {
      configurable: true,
      get(this: Context) {
        return sessionOf(this).options
      },
    },
  })
}
