const session = require('koa-session-service')
const Koa = require('koa')

const app = new Koa()
app.keys = ['a long random secret']
app.use(session({ store: new session.MemoryStore(), owner: ({ user }) => user }, app))
app.use(async (ctx) => {
  if (ctx.path === '/in') ctx.session.user = 'ann'
  if (ctx.path === '/out') ctx.session = null
  else ctx.session.views = (ctx.session.views ?? 0) + 1
  ctx.body = ctx.session ? `${ctx.session.views} views of ${ctx.session.user ?? 'nobody'}` : 'bye'
})
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))
