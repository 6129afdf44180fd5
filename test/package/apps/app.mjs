import Koa from 'koa'
import session, { SessionService } from 'koa-session-service'

const app = new Koa()
app.keys = ['a long random secret']
app.use(session(app, { rolling: true }))
app.use(async (ctx) => {
  const { views } = await SessionService.of(ctx).update((visitor) => (visitor.views = (visitor.views ?? 0) + 1), ctx)
  ctx.body = `${views} views`
})
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))
