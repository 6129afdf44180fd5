import type { Context } from 'koa'
import type { SessionService } from 'koa-session-service'
import { createApp } from '../../support/app/app'
import { explained, HANDLERS } from './explained-site'
import { FUNCTIONS } from './noted-options'

it.each(FUNCTIONS)(
  'R120: explain() calls no function that is an option, before the session and after its commit: %s',
  async (_what, make) => {
    const { options, calls } = make()
    const called: string[][] = []
    const note = (ctx: Context, sessions: SessionService): void => {
      const before = calls.length
      sessions.explain(ctx)
      called.push(calls.slice(before))
    }
    HANDLERS['/noted'] = async (ctx, sessions) => {
      note(ctx, sessions)
      void ctx.session.user
      note(ctx, sessions)
      ctx.session.more = Math.random()
      note(ctx, sessions)
      await sessions.save(ctx)
      note(ctx, sessions)
      ctx.session.more = Math.random()
      note(ctx, sessions)
    }
    const app = createApp()
    app.use(async (ctx, next) => {
      note(ctx, site.sessions)
      await next().finally(() => note(ctx, site.sessions))
    })
    const site = explained(options, app)
    const paths = ['/plain', '/', '/noted', '/in', '/noted', '/regenerate', '/more', '/out', '/']
    for (const path of paths) await site.get(path)
    expect(called).toEqual(Array(paths.length * 2 + 2 * 5).fill([]))
    expect(calls.length).toBeGreaterThan(0)
  },
)
