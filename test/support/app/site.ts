import type Koa from 'koa'
import type { Context } from 'koa'
import { session, SESSION_EVENTS, type SessionOptions, type SessionService } from 'koa-session-service'
import { createApp, Visitor } from './app'

/** What answers a path. A handler that sets no body answers 'ok'. */
export type Handlers = Record<string, (ctx: Context) => unknown>

export interface ReportedEvent {
  name: string
  detail: Record<string, unknown>
}

/** An app with a session, and one visitor of it. */
export interface Site extends Observed {
  app: Koa
  sessions: SessionService
}

/** What an app reports, and a visitor of it. */
export interface Observed {
  visitor: Visitor
  /** What the app's `error` event was emitted with. */
  errors: unknown[]
  /** The session's events on the app, in their order. */
  events: ReportedEvent[]
  /** The names of those events, once the listeners have run. */
  eventNames: () => Promise<string[]>
}

/** Serves `handlers`. Beside them, `/` answers with the session, and any other path leaves it alone. */
export function createSite(options: SessionOptions = {}, handlers: Handlers = {}, app: Koa = createApp()): Site {
  const middleware = session(options, app)
  app.use(middleware)
  addHandlers(app, handlers)
  return { app, sessions: middleware.sessions, ...observe(app) }
}

/** The handlers alone, for an app that has its session already. */
export function addHandlers(app: Koa, handlers: Handlers): void {
  app.use(async function handle(ctx) {
    if (handlers[ctx.path]) await handlers[ctx.path](ctx)
    else if (ctx.path === '/') ctx.body = { session: ctx.session as unknown }
    if (ctx.respond !== false) ctx.body ??= 'ok'
  })
}

/** Listens to everything that the app reports. */
export function observe(app: Koa): Observed {
  const errors: unknown[] = []
  const events: ReportedEvent[] = []
  app.on('error', (error) => errors.push(error))
  for (const name of SESSION_EVENTS) app.on(`session:${name}`, (detail) => events.push({ name, detail }))
  const eventNames = async () => {
    await nextTurn()
    return events.map(({ name }) => name)
  }
  return { visitor: new Visitor(app), errors, events, eventNames }
}

/** Waits until everything that was put off to the next turn of the event loop is done. */
export async function nextTurn(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise(setImmediate)
}

/** The session that `/` answers with. */
export async function sessionOf(visitor: Visitor): Promise<unknown> {
  return (await visitor.get('/')).json<{ session: unknown }>().session
}
