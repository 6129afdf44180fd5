import { once } from 'node:events'
import { createServer, get } from 'node:http'
import { connect, constants, createServer as createServer2 } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { MemoryStore } from 'koa-session-service'
import { CountingBus } from '../../support/spies/counting-bus'
import { createGate } from '../../support/races/gate'
import { NEVER } from '../../support/app/held'
import { deferred } from '../../support/races/interleave'
import { createSessionApp } from '../../support/app/session-app'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

/** A client that asks for a path, and what makes it hang up. */
type Ask = (port: number, path: string, cookie: string) => () => void

const overHttp1: Ask = (port, path, cookie) => {
  const request = get({ host: '127.0.0.1', port, path, headers: { cookie } }).on('error', () => undefined)
  return () => request.destroy()
}

const overHttp2: Ask = (port, path, cookie) => {
  const client = connect(`http://127.0.0.1:${port}`).on('error', () => undefined)
  const stream = client.request({ ':path': path, cookie }).on('error', () => undefined)
  stream.end()
  cleanups.push(() => client.destroy())
  return () => stream.close(constants.NGHTTP2_CANCEL)
}

describe.each<[string, typeof createServer, Ask]>([
  ['HTTP/1', createServer, overHttp1],
  ['HTTP/2', createServer2 as unknown as typeof createServer, overHttp2],
])('sessions.signal(ctx) over %s', (_protocol, make, ask) => {
  it('R86: a signal that is asked for after the client has hung up is released at once', async () => {
    const gate = createGate()
    const bus = new CountingBus()
    const seen: unknown[] = []
    const { app, visitor } = createSessionApp(
      { store: new MemoryStore(), recheckEvery: NEVER, bus },
      {
        '/late': async (ctx, sessions) => {
          const hungUp = once(ctx.req, 'aborted')
          await gate.pass()
          await hungUp
          await new Promise(setImmediate)
          seen.push((await sessions.signal(ctx)).aborted, bus.size)
          over.resolve()
        },
      },
    )
    const over = deferred()
    const ann = visitor()
    await ann.get('/set?n=1')
    const handle = app.callback()
    const server: Server = make((req, res) => void handle(req, res))
    cleanups.push(() => server.close())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const hangUp = ask((server.address() as AddressInfo).port, '/late', ann.jar.header)
    await gate.reached
    hangUp()
    gate.open()
    await over.promise
    expect(seen).toEqual([false, 0])
  })
})

it('R86: many signals of one request are one listener of its response', async () => {
  const bus = new CountingBus()
  let listeners: number | undefined
  const { visitor } = createSessionApp(
    { store: new MemoryStore(), recheckEvery: NEVER, bus },
    {
      '/many': async (ctx, sessions) => {
        const before = ctx.res.listenerCount('close')
        for (let i = 0; i < 12; i++) await sessions.signal(ctx)
        listeners = ctx.res.listenerCount('close') - before
        return String(bus.size)
      },
    },
  )
  const ann = visitor()
  await ann.get('/set?n=1')
  expect((await ann.get('/many')).body).toBe('1')
  expect(listeners).toBe(1)
  await new Promise(setImmediate)
  expect(bus.size).toBe(0)
})
