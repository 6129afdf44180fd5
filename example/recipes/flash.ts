import { randomUUID } from 'node:crypto'
import Koa from 'koa'
import { MemoryStore, SessionService } from 'koa-session-service'

// A flash message: set before a redirect, shown once on the page behind it. Of two tabs that load at once, one shows it.

interface Visitor {
  flash?: string
}

export function createApp(): Koa {
  const app = new Koa()
  app.keys = process.env.SESSION_KEYS?.split(',') ?? [randomUUID()]
  const sessions = new SessionService<Visitor>(app, { store: new MemoryStore(), sameSite: 'lax' })
  app.use(sessions.middleware())
  app.use(async function save(ctx, next) {
    if (ctx.method !== 'POST' || ctx.path !== '/save') return next()
    await sessions.update((session) => (session.flash = 'Saved.'), ctx)
    ctx.status = 303
    ctx.redirect('/')
  })
  app.use(async function page(ctx) {
    if (ctx.path !== '/') return
    const flash = await sessions.take('flash', ctx)
    ctx.type = 'html'
    ctx.body = `${flash ? `<p role="status">${flash}</p>` : ''}<form method="post" action="/save"><button>Save</button></form>`
  })
  return app
}

if (require.main === module) createApp().listen(3000, '127.0.0.1')
