import http from 'node:http'
import { Duplex } from 'node:stream'
import type Koa from 'koa'
import type { CookieJar } from '../app/app'

/** What a browser got; undefined where it has hung up. */
export interface WireAnswer {
  status: number
  body: string
  setCookie: string[]
}

interface WireRequest {
  answer: Promise<WireAnswer | undefined>
  /** The app has done all that it does for the request, whether or not anybody listens. */
  served: Promise<void>
  /** The browser closes its connection, and Node has noticed it. */
  hangUp: () => Promise<void>
}

/** One end of a connection within this process. */
class End extends Duplex {
  peer!: End

  override _read(): void {
    // What the other end writes is pushed.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (!this.peer.destroyed) this.peer.push(chunk)
    done()
  }

  override _final(done: () => void): void {
    if (!this.peer.destroyed) this.peer.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.peer.destroy()
    done(error)
  }
}

/** Two ends of one connection: what happens on it takes a few turns of the event loop, and no time. */
function connect(): [client: End, server: End] {
  const [client, server] = [new End(), new End()]
  client.peer = server
  server.peer = client
  return [client, server]
}

/** An app behind Node's own server, with connections within this process: a scheduler can tell when nothing happens on them. */
export class Wire {
  readonly #server: http.Server
  readonly #served = new Map<string, () => void>()
  #requests = 0

  constructor(app: Koa) {
    const handle = app.callback()
    this.#server = http.createServer((req, res) => {
      const done = this.#served.get(String(req.headers['x-request'])) as () => void
      void handle(req, res).then(done, done)
    })
  }

  /** Sends a request, and gives the jar what the answer's headers set when they come. */
  send(path: string, jar: CookieJar): WireRequest {
    const [client, server] = connect()
    server.on('error', () => undefined)
    this.#server.emit('connection', server)
    const name = String(this.#requests++)
    const served = new Promise<void>((resolve) => this.#served.set(name, resolve))
    const headers = { host: 'site.example', 'x-request': name, ...(jar.header ? { cookie: jar.header } : {}) }
    const request = http.get({ createConnection: () => client, path, headers })
    const answer = new Promise<WireAnswer | undefined>((resolve) => {
      request.on('error', () => resolve(undefined))
      request.on('response', (response) => {
        const setCookie = response.headers['set-cookie'] ?? []
        jar.accept(setCookie)
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (text: string) => (body += text))
        response.on('end', () => resolve({ status: response.statusCode as number, body, setCookie }))
        response.on('error', () => resolve(undefined))
      })
    })
    const hangUp = async (): Promise<void> => {
      request.destroy()
      await new Promise((resolve) =>
        server.closed ? setImmediate(resolve) : server.once('close', setImmediate.bind(null, resolve as () => void)),
      )
    }
    return { answer, served, hangUp }
  }
}
