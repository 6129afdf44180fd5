import { randomUUID } from 'node:crypto'
import Koa from 'koa'
import { MemoryStore, SessionError, SessionService } from 'koa-session-service'

// No forged requests (CSRF), and no tokens in forms: browsers say which site a request comes from.

interface Account {
  balance?: number
}

export function createApp(): Koa {
  const app = new Koa()
  app.keys = process.env.SESSION_KEYS?.split(',') ?? [randomUUID()]
  app.use(async function refusals(ctx, next) {
    try {
      await next()
    } catch (error) {
      if (!(error instanceof SessionError && error.code === 'ERR_SESSION_CROSS_SITE')) throw error
      ctx.status = error.status
      ctx.body = 'This form is not one of ours.'
    }
  })
  const sessions = new SessionService<Account>(app, {
    store: new MemoryStore(),
    sameSite: 'lax',
    crossSite: {
      // Pages of the payment service may send forms here.
      trustedOrigins: ['https://pay.example'],
      // This one may come from anywhere: it proves by a signature where it comes from, which the handler checks.
      allow: (ctx) => ctx.path === '/webhook',
    },
  })
  app.use(sessions.middleware())
  app.use(async function transfer(ctx) {
    if (ctx.method !== 'POST') return void (ctx.body = '<form method="post"><button>Pay</button></form>')
    const account = await sessions.update((data) => (data.balance = (data.balance ?? 100) - 10), ctx)
    ctx.body = { balance: account?.balance }
  })
  return app
}

if (require.main === module) createApp().listen(3000, '127.0.0.1')
