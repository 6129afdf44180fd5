import { once } from 'node:events'
import { createServer, IncomingMessage, ServerResponse, type RequestListener } from 'node:http'
import { connect as connect2, constants, createServer as createServer2, type Http2Server } from 'node:http2'
import { connect, Socket, type AddressInfo } from 'node:net'
import inject from 'light-my-request'
import type { Context } from 'koa'
import { canStillTell, isResponseOver, whenResponseOver } from '../../../../src/request/scope/response-state'
import { createApp } from '../../../support/app/app'

/** A client on the other end of one request. */
interface Client {
  hangUp: () => void
  closeConnection: () => void
}

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

const contextOf = (req: IncomingMessage, res: ServerResponse): Context => createApp().createContext(req, res)

/** A request that a server has just received over HTTP/1. */
async function overHttp1(): Promise<[Context, Client]> {
  const [ctx, { socket }] = await pipelined(1)
  const hangUp = (): unknown => socket.resetAndDestroy()
  return [ctx[0], { hangUp, closeConnection: () => socket.end() }]
}

/** Requests that came one behind the other on the same connection. */
async function pipelined(count: number): Promise<[Context[], { socket: Socket }]> {
  const contexts: Context[] = []
  const server = createServer((req, res) => {
    if (contexts.push(contextOf(req, res)) === count) server.emit('all')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined)
  socket.resume().write('GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n'.repeat(count))
  cleanups.push(() => (socket.destroy(), server.closeAllConnections(), server.close()))
  await once(server, 'all')
  return [contexts, { socket }]
}

/** The same over HTTP/2. */
async function overHttp2(): Promise<[Context, Client]> {
  let listener: RequestListener = () => undefined
  const server: Http2Server = createServer2((req, res) => listener(req as never, res as never))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = connect2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`).on('error', () => undefined)
  const received = new Promise<Context>((resolve) => (listener = (req, res) => resolve(contextOf(req, res))))
  const stream = client.request({ ':path': '/' }).on('error', () => undefined)
  stream.resume().end()
  cleanups.push(() => (client.destroy(), server.close()))
  const hangUp = (): void => stream.close(constants.NGHTTP2_CANCEL)
  return [await received, { hangUp, closeConnection: () => client.destroy() }]
}

const isOver = (ctx: Context): Promise<void> => {
  if (isResponseOver(ctx)) return Promise.resolve()
  return new Promise((resolve) => whenResponseOver(ctx, resolve))
}

type Row = [what: string, act: (ctx: Context, client: Client) => unknown, canTell: boolean, isOver: boolean]

const ROWS: Row[] = [
  ['has just come', () => undefined, true, false],
  ['has its headers sent, and goes on', ({ res }) => res.flushHeaders(), false, false],
  ['has begun its body', ({ res }) => res.write('a'), false, false],
  ['is sent', (ctx) => (ctx.res.end('a'), isOver(ctx)), false, true],
  ['has a client that has hung up', (ctx, client) => (client.hangUp(), isOver(ctx)), false, true],
  [
    'has a client that has closed the connection',
    (ctx, client) => (client.closeConnection(), isOver(ctx)),
    false,
    true,
  ],
  ['is destroyed by the application', ({ res }) => destroy(res), false, true],
  ['has been destroyed by the application for a while', (ctx) => (destroy(ctx.res), isOver(ctx)), false, true],
  ['had begun, and its client has hung up', (ctx, client) => (ctx.res.write('a'), client.hangUp(), isOver(ctx)), false, true], // prettier-ignore
]

/** A response of HTTP/2 has no method for it. */
function destroy(res: ServerResponse & { stream?: { destroy(): void } }): void {
  if (res.stream) res.stream.destroy()
  else res.destroy()
}

describe.each([
  ['HTTP/1', overHttp1],
  ['HTTP/2', overHttp2],
])('what a response over %s can still carry', (_protocol, receive) => {
  it.each(ROWS)(
    'R86: a response that %s is known to carry what it can still carry',
    async (_what, act, canTell, over) => {
      const [ctx, client] = await receive()
      await act(ctx, client)
      expect([canStillTell(ctx), isResponseOver(ctx)]).toEqual([canTell, over])
    },
  )

  it('R86: all who wait for the end of a response share one listener, and all are told', async () => {
    const [ctx, client] = await receive()
    const count = () => [ctx.res.listenerCount('close'), ctx.req.listenerCount('aborted')]
    const before = count()
    let told = 0
    for (let i = 0; i < 12; i++) whenResponseOver(ctx, () => told++)
    expect(count()).toEqual(before.map((listeners) => listeners + 1))
    client.hangUp()
    await isOver(ctx)
    expect(told).toBe(12)
  })
})

describe('responses that are not on a connection of their own', () => {
  it('R86: a response that waits behind another on its connection is over with that connection', async () => {
    const [contexts, { socket }] = await pipelined(2)
    const second = contexts[1]
    expect([canStillTell(second), isResponseOver(second)]).toEqual([true, false])
    socket.destroy()
    await isOver(second)
    expect([canStillTell(second), isResponseOver(second)]).toEqual([false, true])
  })

  it('R86: a response that no server has made carries headers until they are sent', () => {
    const req = new IncomingMessage(new Socket())
    const ctx = contextOf(req, new ServerResponse(req))
    expect([canStillTell(ctx), isResponseOver(ctx)]).toEqual([true, false])
    ctx.res.end()
    expect(canStillTell(ctx)).toBe(false)
  })

  it('R86: a response that a test injects carries headers until they are sent', async () => {
    const seen: boolean[] = []
    await inject(
      (req, res) => {
        const ctx = contextOf(req, res)
        seen.push(canStillTell(ctx), isResponseOver(ctx))
        res.end('a')
        seen.push(canStillTell(ctx), isResponseOver(ctx))
      },
      { url: '/' },
    )
    expect(seen).toEqual([true, false, false, true])
  })

  it('R86: a context without a response can tell nothing, and is over when its connection is', async () => {
    const socket = new Socket()
    const ctx = { req: new IncomingMessage(socket), res: undefined } as unknown as Context
    expect([canStillTell(ctx), isResponseOver(ctx)]).toEqual([false, false])
    const over = isOver(ctx)
    socket.destroy()
    await over
    expect(isResponseOver(ctx)).toBe(true)
  })

  it('R86: a context without request and response can tell nothing, and is never over', () => {
    const ctx = {} as Context
    expect([canStillTell(ctx), isResponseOver(ctx)]).toEqual([false, false])
    expect(() => whenResponseOver(ctx, () => undefined)).not.toThrow()
  })

  it.each<[string, object]>([
    ['is a plain object', {}],
    ['has no methods of its own', Object.create(null) as object],
  ])('R86: a response that only looks like one, and %s, can still be told', (_what, res) => {
    const ctx = { req: {}, res } as unknown as Context
    expect([canStillTell(ctx), isResponseOver(ctx)]).toEqual([true, false])
    expect(() => whenResponseOver(ctx, () => undefined)).not.toThrow()
  })
})
