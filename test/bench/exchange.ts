import { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

export type Handler = (req: IncomingMessage, res: ServerResponse) => unknown

/** What a response was, taken from the bytes of it. */
export interface Answer {
  cookie: string
  body: string
}

const HEADERS = [
  'Host',
  'shop.example',
  'User-Agent',
  'Mozilla/5.0 (X11; Linux x86_64)',
  'Accept',
  'text/html,*/*;q=0.8',
]

/** A connection to nobody. */
class DummySocket extends Duplex {
  readonly remoteAddress = '127.0.0.1'
  text = ''
  keepsText = false

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.keepsText) this.text += chunk.toString()
    done()
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    if (this.keepsText) for (const { chunk } of chunks) this.text += chunk.toString()
    done()
  }
}

function exchange(handler: Handler, socket: DummySocket, url: string, cookie: string, done: () => void): void {
  const req = new IncomingMessage(socket as unknown as Socket) as IncomingMessage & {
    _addHeaderLines: (lines: string[], count: number) => void
  }
  const lines = cookie === '' ? HEADERS : [...HEADERS, 'Cookie', cookie]
  Object.assign(req, { method: 'GET', url, httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1 })
  // As node's parser hands headers over: they become an object when they are asked for.
  req._addHeaderLines(lines, lines.length)
  req.push(null)
  const res = new ServerResponse(req)
  res.assignSocket(socket as unknown as Socket)
  res.once('finish', () => {
    res.detachSocket(socket as unknown as Socket)
    setImmediate(done)
  })
  handler(req, res)
}

/** One request, and what it answered. */
export async function ask(handler: Handler, url: string, cookie = ''): Promise<Answer> {
  const socket = new DummySocket()
  socket.keepsText = true
  await new Promise<void>((resolve) => exchange(handler, socket, url, cookie, resolve))
  const [head, body] = socket.text.split('\r\n\r\n')
  const cookies = Array.from(head.matchAll(/^set-cookie: ([^;\r]*)/gim), ([, pair]) => pair)
  return { cookie: cookies.join('; '), body }
}

/** How long requests are made, or how many of them, whatever is over first. */
export interface Load {
  ms: number
  atMost?: number
  inFlight?: number
}

/** The microseconds that a request took: by the clock, and of this process's share of the processors. */
export interface Times {
  wall: number
  cpu: number
}

/** Keeps 16 requests in flight, unless told otherwise; answers what one of them took. */
export async function drive(handler: Handler, cookies: Buffer[], load: Load): Promise<Times> {
  const { ms, atMost = Infinity, inFlight = 16 } = load
  const start = performance.now()
  const before = process.cpuUsage()
  let made = 0
  const lane = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = new DummySocket()
      const next = (): void => {
        if (made >= atMost || performance.now() - start >= ms) return resolve()
        // A new text every time, as from a parser: one that was seen before has its hash already.
        exchange(handler, socket, '/', cookies[made++ % cookies.length].toString('latin1'), next)
      }
      next()
    })
  await Promise.all(Array.from({ length: inFlight }, lane))
  const { user, system } = process.cpuUsage(before)
  return { wall: ((performance.now() - start) * 1000) / made, cpu: (user + system) / made }
}
