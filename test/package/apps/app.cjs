const session = require('koa-session-service')
const Koa = require('koa')

const app = new Koa()
app.keys = ['a long random secret']
app.use(session({ store: new session.MemoryStore() }, app))
app.use((ctx) => {
  ctx.session.views = (ctx.session.views ?? 0) + 1
  ctx.body = `${ctx.session.views} views`
})
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))
