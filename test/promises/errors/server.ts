import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { CookieJar } from '../../support/app/app'

const running: http.Server[] = []

/** Serves on a port of its own until {@link closeServers}. */
export async function listen(handle: (...request: Parameters<http.RequestListener>) => unknown): Promise<http.Server> {
  const server = http.createServer((req, res) => void handle(req, res)).listen(0, '127.0.0.1')
  running.push(server)
  await once(server, 'listening')
  return server
}

export function closeServers(): void {
  for (const server of running.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
}

export function portOf(server: http.Server): number {
  return (server.address() as AddressInfo).port
}

export interface HttpAnswer {
  status: number
  body: string
  headers: http.IncomingHttpHeaders
  setCookie: string[]
}

interface HttpRequest {
  method?: string
  headers?: Record<string, string>
  body?: string
}

/** A visitor who comes over the network. */
export class Browser {
  constructor(
    readonly server: http.Server,
    readonly jar = new CookieJar(),
  ) {}

  async get(path = '/', request: HttpRequest = {}): Promise<HttpAnswer> {
    const response = await this.open(path, request)
    return {
      status: response.statusCode as number,
      body: await text(response),
      headers: response.headers,
      setCookie: response.headers['set-cookie'] ?? [],
    }
  }

  /** Answers as soon as the head of the response is there. */
  async open(path = '/', { method = 'GET', headers, body }: HttpRequest = {}): Promise<http.IncomingMessage> {
    const cookie = this.jar.header
    const request = http.request({
      host: '127.0.0.1',
      port: portOf(this.server),
      method,
      path,
      agent: false,
      headers: { ...(cookie ? { cookie } : {}), ...headers },
    })
    request.end(body)
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    this.jar.accept(response.headers['set-cookie'] ?? [])
    return response
  }

  /** The bytes themselves, as they come. */
  connect(path = '/', headers: Record<string, string> = {}): { socket: Socket; received: () => string } {
    const socket = net.connect(portOf(this.server), '127.0.0.1')
    let received = ''
    socket.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')))
    const cookie = this.jar.header
    const all = { host: '127.0.0.1', connection: 'close', ...(cookie ? { cookie } : {}), ...headers }
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
    return { socket, received: () => received }
  }
}

/** The names of the cookies that are set, one for each line. */
export function namesOf(setCookie: string[]): string[] {
  return setCookie.map((line) => line.slice(0, line.indexOf('='))).sort()
}
