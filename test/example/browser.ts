import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type Koa from 'koa'
import { CookieJar } from '../support/app'

export interface Page {
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

  async get(path: string): Promise<Page> {
    return this.#send(path, {})
  }

  async post(path: string, form: Record<string, string> = {}): Promise<Page> {
    return this.#send(path, { method: 'POST', body: new URLSearchParams(form) })
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
    const { port } = this.server.address() as AddressInfo
    const cookie = this.jar.header
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      ...init,
      headers: cookie ? { cookie } : {},
      redirect: 'manual',
    })
    const setCookie = response.headers.getSetCookie()
    this.jar.accept(setCookie)
    return { status: response.status, body: await response.text(), headers: response.headers, setCookie }
  }
}

const servers: Server[] = []

/** Serves the app on a free port of this machine. */
export async function serve(app: Koa): Promise<Server> {
  const server = app.listen(0, '127.0.0.1')
  servers.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  return server
}

/** Ends every server that `serve` has started. */
export async function closeServers(): Promise<void> {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}
