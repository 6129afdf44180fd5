import { randomUUID } from 'node:crypto'
import Koa from 'koa'
import { sealed, SessionService } from 'koa-session-service'

// New keys, and nobody is signed out: the first key signs and seals, all of them are accepted, and a cookie under an old key
// comes back under the new one. Put the new key in front, SESSION_KEYS=new,old. Take the old one away when no session is
// left that has not been renewed: after `maxAge`.

const DAY = 24 * 60 * 60 * 1000

export function createApp(keys = process.env.SESSION_KEYS?.split(',') ?? [randomUUID()]): Koa {
  const app = new Koa()
  // These sign. In each process the same keys, and in a rolling deploy first [old, new] everywhere, then [new, old].
  app.keys = keys
  const sessions = new SessionService<{ views?: number }>(app, {
    maxAge: 30 * DAY,
    // These seal, and are of 32 bytes at least. A session in a store needs `app.keys` alone.
    codec: sealed({ keys }),
    // A visitor who only reads gets a new cookie, too.
    rolling: true,
  })
  app.use(sessions.middleware())
  app.use(async function countViews(ctx) {
    const session = await sessions.update((data) => (data.views = (data.views ?? 0) + 1), ctx)
    ctx.body = { views: session?.views }
  })
  return app
}

if (require.main === module) createApp().listen(3000, '127.0.0.1')
