import { randomUUID } from 'node:crypto'
import Koa from 'koa'
import session from 'koa-session-service'

declare module 'koa-session-service' {
  interface SessionData {
    views?: number
  }
}

export const app = new Koa()

// Keep yours in the environment: with new keys at every start, every visitor starts anew.
app.keys = process.env.SESSION_KEYS?.split(',') ?? [randomUUID()]

app.use(session({ sameSite: 'lax' }, app))

app.use(function countViews(ctx) {
  if (ctx.path === '/favicon.ico') return
  ctx.session.views = (ctx.session.views ?? 0) + 1
  ctx.body = `${ctx.session.views} views`
})

if (require.main === module) {
  app.listen(3000, '127.0.0.1', () => console.log('Count your views at http://127.0.0.1:3000'))
}
