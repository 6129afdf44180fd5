import Koa from 'koa'
import session, { LayeredStore, MemoryStore, SessionService } from 'koa-session-service'

const app = new Koa()
app.keys = ['a long random secret']
app.use(session(app, { rolling: true, store: new LayeredStore(new MemoryStore(), { maxStale: 1000 }) }))
app.use(async (ctx) => {
  const sessions = SessionService.of(ctx)
  if (ctx.path === '/out') {
    await sessions.destroy(ctx)
    ctx.body = 'bye'
    return
  }
  if (ctx.path === '/in') {
    await sessions.regenerate({}, ctx)
    ctx.session.user = 'ann'
    await sessions.update((visitor) => void visitor.views++, ctx)
  } else {
    ctx.session.views = (ctx.session.views ?? 0) + 1
  }
  ctx.body = `${ctx.session.views} views of ${ctx.session.user ?? 'nobody'}`
})
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))
