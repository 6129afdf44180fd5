import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import type { Context, Middleware } from 'koa'
import type { Page } from 'playwright-core'
import session, { MemoryStore, type SessionEvents, type SessionOptions, type SessionService } from 'koa-session-service'
import { WebSocketServer } from 'ws'
import { createApp } from '../app/app'
import { nextTurn, type Handlers } from '../app/site'
import { startClock, stopClock } from '../clock'
import { setCookieLines } from '../../../src/cookies/cookie-lines'
import { EVERY } from './rotating-site'

/** The name of the session's cookie. */
const COOKIE = 'koa.sess'
/** The code that websockets are closed with whose session is over. */
export const SIGNED_OUT = 4401

/** A request as the server saw it, and what it was answered. */
interface Served {
  readonly path: string
  /** The tokens that came, in the order of the header. */
  readonly tokens: string[]
  /** The token that the response hands over. */
  handed?: string
  user?: string
}

/** An app behind a port, for real browsers and proxies, whose tokens change every ten minutes by a clock that a test sets forward. */
export class RotatingServer {
  readonly store = new MemoryStore()
  readonly clock = stopClock(Date.now())
  readonly served: Served[] = []
  readonly replays: SessionEvents['replayed'][] = []
  readonly errors: unknown[] = []
  readonly sessions: SessionService
  readonly #server: Server

  /** @param around stands in front of the session */
  constructor(
    options: SessionOptions = {},
    { handlers = {}, around }: { handlers?: Handlers; around?: Middleware } = {},
  ) {
    const app = createApp()
    app.on('error', (error) => this.errors.push(error))
    app.on('session:replayed', (detail: SessionEvents['replayed']) => this.replays.push(detail))
    const owner: SessionOptions['owner'] = ({ user }) => user as string
    const middleware = session({ store: this.store, owner, rotateEvery: EVERY, ...options }, app)
    this.sessions = middleware.sessions
    app.use((ctx, next) => this.#note(ctx, next))
    if (around) app.use(around)
    app.use(middleware)
    const all: Handlers = { ...PAGES, '/events': (ctx) => this.#events(ctx), ...handlers }
    app.use(async (ctx) => {
      await all[ctx.path]?.(ctx)
      this.#servedBy(ctx).user = userOf(ctx)
      ctx.body ??= ctx.type === 'text/html' ? page(ctx) : { user: userOf(ctx) }
    })
    const handle = app.callback()
    this.#server = createServer((request, response) => void handle(request, response))
    this.#acceptSockets()
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  url(path: string, { port = this.port, host = 'localhost' } = {}): string {
    return `http://${host}:${port}${path}`
  }

  async close(): Promise<void> {
    startClock()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** The tokens that responses have handed over so far. */
  get handed(): string[] {
    return this.served.flatMap(({ handed }) => handed ?? [])
  }

  /** How often another token than the one before was the first to come: with one browser, how often one took over. */
  get takeovers(): number {
    const first = this.served.flatMap(({ tokens }) => tokens.slice(0, 1))
    return new Set(first).size - 1
  }

  async #note(ctx: Context, next: () => Promise<void>): Promise<void> {
    const tokens = Array.from(ctx.get('Cookie').matchAll(/(?:^|; )koa\.sess=([^;]*)/g), ([, token]) => token)
    const served: Served = { path: ctx.path, tokens }
    this.served.push(served)
    ctx.state.served = served
    const { res } = ctx
    const end = res.writeHead.bind(res) as (...call: unknown[]) => typeof res
    res.writeHead = (...call: unknown[]) => {
      const answer = end(...call)
      const line = setCookieLines(res).find((each) => each.startsWith(`${COOKIE}=`))
      served.handed = line && /=([^;]*)/.exec(line)?.[1]
      return answer
    }
    await next()
  }

  #servedBy(ctx: Context): Served {
    return ctx.state.served as Served
  }

  /** Server-sent events until the session is over. */
  async #events(ctx: Context): Promise<void> {
    const signal = await this.sessions.signal(ctx)
    const events = new PassThrough()
    ctx.type = 'text/event-stream'
    ctx.body = events
    events.write('data: hello\n\n')
    const end = (): void => void events.end('event: over\ndata:\n\n')
    if (signal.aborted) end()
    signal.addEventListener('abort', end)
  }

  #acceptSockets(): void {
    const sockets = new WebSocketServer({ noServer: true })
    this.#server.on('upgrade', (request, socket, head) => {
      socket.on('error', () => socket.destroy())
      void this.sessions.open(request).then((held) => {
        socket.once('close', () => held?.release())
        if (!held?.data.user) return void socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n')
        sockets.handleUpgrade(request, socket, head, (client) => {
          held.signal.addEventListener('abort', () => client.close(SIGNED_OUT, 'signed out'))
          client.send('hello')
        })
      })
    })
  }

  /** What is told once all that was begun is done. */
  async settle(): Promise<void> {
    await nextTurn()
  }
}

const PAGES: Handlers = {
  '/': (ctx) => (ctx.type = 'html'),
  '/in': (ctx) => {
    ctx.session.user = 'ann'
    ctx.type = 'html'
  },
  '/read': () => undefined,
  '/out': (ctx) => (ctx.session = null),
}

function userOf(ctx: Context): string | undefined {
  return ctx.session?.user as string | undefined
}

/** Without what a browser asks for by itself. */
function page(ctx: Context): string {
  return `<link rel="icon" href="data:,"><pre>${userOf(ctx) ?? 'nobody'}</pre>`
}

/** Who is signed in, as a page shows it. */
export async function shownOn(page: Page): Promise<string> {
  return page.locator('pre').innerText()
}

/** Visits a path, and returns who is signed in there. */
export async function askAs(page: Page, server: RotatingServer, path = '/', port = server.port): Promise<string> {
  await page.goto(server.url(path, { port }))
  return shownOn(page)
}
