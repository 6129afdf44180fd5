import { randomBytes } from 'node:crypto'
import Koa from 'koa'
import { hardened, SessionService } from 'koa-session-service'
import inject from 'light-my-request'

// A function of a cloud, without a server and a store: the session is sealed in its cookie. What the cloud calls differs from
// one to the next; this is the form of most, a `Request` of fetch in, a `Response` out.

const keys = process.env.SESSION_KEYS?.split(',') ?? [randomBytes(32).toString('hex')]

const app = new Koa()
// The cloud terminates TLS, and says so.
app.proxy = true
app.keys = keys
const sessions = new SessionService<{ views?: number }>(app, hardened({ keys }))
app.use(sessions.middleware())
app.use(async function countViews(ctx) {
  const session = await sessions.update((data) => (data.views = (data.views ?? 0) + 1), ctx)
  ctx.body = { views: session?.views }
})

const handle = app.callback()

export async function handler(request: Request): Promise<Response> {
  const url = new URL(request.url)
  const answer = await inject((req, res) => void handle(req, res), {
    method: request.method as 'GET',
    url: url.pathname + url.search,
    headers: { ...Object.fromEntries(request.headers), host: url.host, 'x-forwarded-proto': url.protocol.slice(0, -1) },
    payload: request.body ? Buffer.from(await request.arrayBuffer()) : undefined,
  })
  const headers = new Headers()
  // Several cookies are several lines.
  for (const [name, value] of Object.entries(answer.headers)) {
    for (const line of [value ?? []].flat()) headers.append(name, String(line))
  }
  return new Response(answer.rawPayload.length > 0 ? answer.rawPayload : null, { status: answer.statusCode, headers })
}
