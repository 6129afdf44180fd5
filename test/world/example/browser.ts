import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type Koa from 'koa'
import { CookieJar } from '../../support/app/app'

interface Page {
  status: number
  body: string
  headers: Headers
  setCookie: string[]
}

/** A visitor's browser: sends forms over real HTTP, keeps cookies, and follows no redirect unless told to. */
export class Browser {
  constructor(
    readonly server: Server,
    readonly jar = new CookieJar(),
  ) {}

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  async get(path: string): Promise<Page> {
    return this.#send(path, {})
  }

  async post(path: string, form: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Page> {
    return this.#send(path, { method: 'POST', body: new URLSearchParams(form), headers })
  }

  /** Posts a form, and answers the page that the redirect leads to. */
  async submit(path: string, form: Record<string, string> = {}): Promise<Page> {
    const { status, headers } = await this.post(path, form)
    expect(status).toBe(303)
    return this.get(headers.get('location') as string)
  }

  /** Another browser that holds copies of this one's cookies. */
  copy(): Browser {
    return new Browser(this.server, this.jar.copy())
  }

  async #send(path: string, init: RequestInit): Promise<Page> {
    const cookie = this.jar.header
    const response = await fetch(`${this.url}${path}`, {
      ...init,
      headers: { ...(init.headers as Record<string, string>), ...(cookie && { cookie }) },
      redirect: 'manual',
    })
    const setCookie = response.headers.getSetCookie()
    this.jar.accept(setCookie)
    return { status: response.status, body: await response.text(), headers: response.headers, setCookie }
  }
}

const servers = new Map<Server, Set<Socket>>()

/** Serves the app on a free port of this machine. */
export async function serve(app: Koa): Promise<Server> {
  const server = app.listen(0, '127.0.0.1')
  const sockets = new Set<Socket>()
  servers.set(server, sockets)
  server.on('connection', (socket: Socket) => sockets.add(socket))
  await new Promise((resolve) => server.once('listening', resolve))
  return server
}

/** Ends every server that `serve` has started, with its websockets, which Node no longer counts as connections. */
export async function closeServers(): Promise<void> {
  for (const [server, sockets] of servers) {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
  servers.clear()
}
