import type { Context } from 'koa'
import { MemoryStore, type SessionOptions, type Store } from 'koa-session-service'
import { Visitor, type Answer } from '../app/app'
import { createGate } from './gate'
import { createSite, type Handlers, type Site } from '../app/site'

export interface Interleaving extends Site {
  records: MemoryStore
  /** What the slow handler found in `ctx.session` when it was done. */
  slowEnd: () => unknown
  /** Runs `/slow` up to its gate, then `meanwhile`, then the rest of `/slow`; answers what `/slow` answered. */
  run: (meanwhile: (rival: Visitor) => unknown) => Promise<Answer>
}

/**
 * A visitor who is signed in, with two requests at once: a slow one that reads the session and is then held, and whatever
 * happens meanwhile in a second tab.
 *
 * @param slow what the slow request does once it is let go
 */
export function interleave(
  wrap: (records: MemoryStore) => Store,
  slow: (ctx: Context) => unknown,
  handlers: Handlers = {},
  options: SessionOptions = {},
): Interleaving {
  const records = new MemoryStore()
  const gate = createGate()
  let end: unknown
  const site = createSite(
    { store: wrap(records), ...options },
    {
      '/login': (ctx) => (ctx.session.user = 'alice'),
      '/logout': (ctx) => (ctx.session = null),
      '/regenerate': (ctx) => ctx.session.regenerate(),
      ...handlers,
      '/slow': async (ctx) => {
        await gate.pass()
        await slow(ctx)
        end = ctx.session && ctx.session.toJSON()
      },
    },
  )
  async function run(meanwhile: (rival: Visitor) => unknown): Promise<Answer> {
    const pending = new Visitor(site.app, site.visitor.jar.copy()).get('/slow')
    await gate.reached
    await meanwhile(site.visitor)
    gate.open()
    return pending
  }
  return { ...site, records, slowEnd: () => end, run }
}
