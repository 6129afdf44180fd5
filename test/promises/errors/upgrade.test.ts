import { once } from 'node:events'
import http, { ServerResponse, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type Koa from 'koa'
import session, { SessionError, type SessionOptions, type SessionService } from 'koa-session-service'
import type { Context } from 'koa'
import { createApp, KOA_VERSIONS } from '../../support/app/app'
import { BACKENDS, backendsWith } from '../../support/backends/backends'
import { observe, type Observed } from '../../support/app/site'
import { takeTurns, toldBy } from './fixtures'
import { Browser, closeServers, listen, portOf } from './server'

afterEach(closeServers)

interface Fixture {
  browser: Browser
  observed: Observed
  sessions: SessionService
  /** Asks for an upgrade; answers the server's context, its head of the response, and what it wrote behind. */
  upgrade: () => Promise<{ headers: http.IncomingHttpHeaders; message: string }>
}

type Greet = (ctx: Context, sessions: SessionService, accept: () => void) => Promise<string>

/** An app whose server accepts upgrades to a protocol that says one thing; `greet` chooses what, with the session. */
async function open(KoaClass: typeof Koa, options: SessionOptions, greet: Greet): Promise<Fixture> {
  const app = createApp(KoaClass)
  const observed = observe(app)
  const middleware = session(options, app)
  const { sessions } = middleware
  app.use(middleware)
  app.use((ctx) => {
    if (ctx.path === '/count') ctx.session.views = (ctx.session.views ?? 0) + 1
    ctx.body = ctx.session
  })
  const server = await listen(app.callback())
  server.on('upgrade', (req: IncomingMessage, socket: Duplex) => {
    const res = new ServerResponse(req)
    res.assignSocket(socket as never)
    const ctx = app.createContext(req, res)
    const accept = (): void => void res.writeHead(101, { Upgrade: 'greeting', Connection: 'Upgrade' }).flushHeaders()
    greet(ctx, sessions, accept).then(
      (message) => {
        if (!res.headersSent) accept()
        socket.end(message)
      },
      (error: unknown) => {
        observed.errors.push(error)
        socket.destroy()
      },
    )
  })
  const browser = new Browser(server)
  return { browser, observed, sessions, upgrade: () => upgrade(browser) }
}

async function upgrade({ server, jar }: Browser): Promise<{ headers: http.IncomingHttpHeaders; message: string }> {
  const request = http.request({
    host: '127.0.0.1',
    port: portOf(server),
    headers: { Connection: 'Upgrade', Upgrade: 'greeting', ...(jar.header ? { cookie: jar.header } : {}) },
  })
  request.end()
  const [response, socket, head] = (await once(request, 'upgrade')) as [IncomingMessage, Duplex, Buffer]
  jar.accept(response.headers['set-cookie'] ?? [])
  let message = head.toString()
  for await (const bytes of socket) message += String(bytes)
  await takeTurns()
  return { headers: response.headers, message }
}

describe.each(Object.entries(KOA_VERSIONS))('an upgrade, under %s', (_version, KoaClass) => {
  it.each(BACKENDS)(
    'R16: an upgrade reads the session of the visitor who asks for it, with $name',
    async ({ options }) => {
      const { browser, upgrade, observed } = await open(KoaClass, options(), async (ctx, sessions) => {
        const data = await sessions.load(ctx)
        return `${data?.views} views`
      })
      await browser.get('/count')
      expect((await upgrade()).message).toBe('1 views')
      expect(toldBy(observed)).toEqual({ errors: [], late: [], failures: [], others: [] })
    },
  )

  it.each(BACKENDS)(
    'R16: save() before the head of an upgrade brings the cookie with it, with $name',
    async ({ options, cookies }) => {
      const { browser, upgrade, observed } = await open(KoaClass, options(), async (ctx, sessions) => {
        const data = await sessions.load(ctx)
        if (data) data.views = 7
        await sessions.save(ctx)
        return 'saved'
      })
      const { headers } = await upgrade()
      expect(headers['set-cookie']).toHaveLength(cookies().length)
      expect((await browser.get('/')).body).toBe('{"views":7}')
      expect(toldBy(observed)).toEqual({ errors: [], late: [], failures: [], others: [] })
    },
  )

  it.each(backendsWith({ hasIds: true }))(
    'R16: changes behind the head of an upgrade are in the store, with $name',
    async ({ options }) => {
      const { browser, upgrade, observed } = await open(KoaClass, options(), async (ctx, sessions, accept) => {
        accept()
        for (let step = 0; step < 3; step++) await sessions.update((data) => (data.views = (data.views ?? 0) + 1), ctx)
        return 'counted'
      })
      await browser.get('/count')
      expect((await upgrade()).message).toBe('counted')
      expect((await browser.get('/')).body).toBe('{"views":4}')
      expect(toldBy(observed)).toEqual({
        errors: [],
        late: ['renewal', 'renewal', 'renewal'],
        failures: [],
        others: [],
      })
    },
  )

  it.each(BACKENDS)(
    'R16: a loss for a visitor without a session is reported in an upgrade, with $name',
    async (backend) => {
      const { upgrade, observed } = await open(KoaClass, backend.options(), async (ctx, sessions, accept) => {
        accept()
        await sessions.update((data) => (data.views = 1), ctx)
        await sessions.destroy(ctx)
        return 'over'
      })
      expect((await upgrade()).message).toBe('over')
      expect(toldBy(observed)).toEqual({
        errors: [],
        late: [backend.hasIds ? 'id' : 'data', 'removal'],
        failures: [],
        others: backend.hasIds ? ['ended'] : [],
      })
    },
  )

  it('R16: a service without a context tells what it needs', async () => {
    const { upgrade } = await open(KoaClass, {}, async (_ctx, sessions) => {
      const failure = await sessions.load().catch((error: unknown) => error)
      return failure instanceof SessionError ? failure.code : 'no error'
    })
    expect((await upgrade()).message).toBe('ERR_SESSION_NO_REQUEST')
  })
})
