import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { SessionService } from 'koa-session-service'
import { Service } from 'typedi'
import { WebSocketServer } from 'ws'
import type { ShopSession } from './sessions'

/** Pages have nothing to say. */
const MAX_MESSAGE = 1024
/** After this many milliseconds without a word, a connection is asked whether it is there still. */
const KEEP_ALIVE = 30_000

/** Tells the pages that are open when their session is over. What a page does then is in pages/live-script.ts. */
@Service()
export class LivePages {
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE })

  constructor(private readonly sessions: SessionService<ShopSession>) {}

  /** Takes the websockets of a server, which pages open at `/live`. */
  attach(server: Server): void {
    server.on('upgrade', (request, socket, head) => {
      socket.on('error', () => socket.destroy())
      this.#open(request, socket, head).catch(() => refuse(socket, '503 Service Unavailable'))
    })
  }

  /** With the option "crossSite", what a page of another site opens has no session, and is refused with the others. */
  async #open(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    if (request.url !== '/live') return refuse(socket, '404 Not Found')
    const held = await this.sessions.open(request)
    socket.once('close', () => held?.release())
    if (socket.destroyed) return held?.release()
    if (!held?.data.user) return refuse(socket, '401 Unauthorized')
    request.socket.setKeepAlive(true, KEEP_ALIVE)
    this.#sockets.handleUpgrade(request, socket, head, (page) => {
      const tell = (): void => {
        page.send('signed-out')
        page.close()
      }
      page.on('error', () => page.terminate())
      if (held.signal.aborted) tell()
      else held.signal.addEventListener('abort', tell)
    })
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)
}
