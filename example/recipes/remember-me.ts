import { randomUUID } from 'node:crypto'
import Koa from 'koa'
import { hardened, MemoryStore, SessionService } from 'koa-session-service'

// "Remember me": who ticks the box stays signed in for 30 days. For everybody else it is half an hour without a visit, twelve
// hours in all, and until the browser is closed.

interface Visitor {
  user?: string
  remember?: boolean
}

const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR

export function createApp(): { app: Koa; sessions: SessionService<Visitor> } {
  const app = new Koa()
  // A hardened session travels over HTTPS alone; here it comes from a proxy that says so.
  app.proxy = true
  app.keys = process.env.SESSION_KEYS?.split(',') ?? [randomUUID()]
  const options = hardened<Visitor>({
    store: new MemoryStore(),
    owner: ({ user }) => user,
    idleTimeout: ({ remember }) => (remember ? 30 * DAY : HOUR / 2),
    absoluteTimeout: ({ remember }) => (remember ? 90 * DAY : 12 * HOUR),
  })
  const sessions = new SessionService<Visitor>(app, options)
  app.use(sessions.middleware())
  app.use(async function signIn(ctx) {
    const session = await sessions.load(ctx)
    if (session && ctx.method === 'POST' && ctx.path === '/sign-in') {
      // Check the password here.
      Object.assign(session, { user: 'ada', remember: ctx.query.remember === 'yes' })
      // The browser keeps the cookie when it is closed.
      if (session.remember) session.maxAge = 30 * DAY
    }
    ctx.body = { user: session?.user ?? 'nobody' }
  })
  return { app, sessions }
}

if (require.main === module) createApp().app.listen(3000, '127.0.0.1')
