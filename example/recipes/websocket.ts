import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import Koa from 'koa'
import session, { MemoryStore } from 'koa-session-service'
import { WebSocketServer } from 'ws'

// A websocket that belongs to a session: it is refused without one, and closed when the session ends.

const app = new Koa()
app.keys = [randomUUID()]
const middleware = session<{ user?: string }>({ store: new MemoryStore(), owner: ({ user }) => user }, app)
const { sessions } = middleware
app.use(middleware)
app.use(async function signInAndOut(ctx) {
  if (ctx.path === '/login') await sessions.update((data) => (data.user = String(ctx.query.name)), ctx)
  if (ctx.path === '/logout') await sessions.destroy(ctx)
  ctx.body = 'ok'
})

const handle = app.callback()
export const server = createServer((req, res) => void handle(req, res))
const sockets = new WebSocketServer({ noServer: true })

server.on('upgrade', (request, socket, head) => {
  socket.on('error', () => socket.destroy())
  const open = sessions.open(request).then((held) => {
    socket.once('close', () => held?.release())
    if (socket.destroyed) held?.release()
    if (!held?.data.user) return void socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n')
    sockets.handleUpgrade(request, socket, head, (client) => {
      held.signal.addEventListener('abort', () => client.close(4401, 'signed out'))
      client.send(`hello ${held.data.user}`)
    })
  })
  open.catch(() => socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n'))
})

if (require.main === module) server.listen(3000, '127.0.0.1')
