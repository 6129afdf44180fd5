import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SessionOptions } from 'koa-session-service'
import { createSessionApp, type Action } from '../../support/app/session-app'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { createGate } from '../../support/races/gate'
import { endOf, NEVER, settle } from '../../support/app/held'
import { CountingBus } from '../../support/spies/counting-bus'

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

describeOnEachStore('sessions.signal(ctx)', (getStore) => {
  /** An app of which `/stream` does something with its signal and then waits until the gate is opened. */
  function open(stream: Action, options: SessionOptions = {}) {
    const gate = createGate()
    const bus = new CountingBus()
    let signal: AbortSignal | undefined
    const { app, visitor } = createSessionApp(
      { store: getStore(), recheckEvery: NEVER, bus, ...options },
      {
        '/stream': async (ctx, sessions) => {
          signal = await sessions.signal(ctx)
          await stream(ctx, sessions)
          await gate.pass()
          return 'done'
        },
      },
    )
    return { app, gate, bus, ann: visitor(), signal: () => signal as AbortSignal }
  }

  it('R72: a signal of a request is aborted when another request ends the session', async () => {
    const { gate, ann, signal } = open(() => undefined)
    await ann.get('/set?n=1')
    const streaming = ann.get('/stream')
    await gate.reached
    expect(signal().aborted).toBe(false)
    await ann.get('/logout')
    expect(await endOf(signal())).toBe('The session was ended.')
    gate.open()
    await streaming
  })

  it.each<[string, Action]>([
    ['destroy()', (ctx, sessions) => sessions.destroy(ctx)],
    ['ctx.session = null and save()', async (ctx, sessions) => ((ctx.session = null), sessions.save(ctx))],
  ])('R72: sessions.signal(ctx) is aborted when its own request ends the session: %s', async (_title, end) => {
    const { gate, ann, signal } = open(end)
    await ann.get('/set?n=1')
    const streaming = ann.get('/stream')
    await gate.reached
    expect(await endOf(signal())).toBe('The session was ended.')
    gate.open()
    expect((await streaming).setCookie.join()).toMatch(/^koa.sess=;/)
  })

  it.each<[string, Action]>([
    ['regenerate()', (ctx, sessions) => sessions.regenerate({}, ctx)],
    ['update()', (ctx, sessions) => sessions.update((data) => Object.assign(data, { m: 1 }), ctx)],
  ])('R72: sessions.signal(ctx) is not aborted by what its own request goes on with: %s', async (_title, change) => {
    const { gate, ann, signal } = open(change)
    await ann.get('/set?n=1')
    const streaming = ann.get('/stream')
    await gate.reached
    await settle(() => ann.get('/'))
    expect(signal().aborted).toBe(false)
    gate.open()
    await streaming
  })

  it('R72: sessions.signal(ctx) is aborted from the beginning where no session is stored; it is there after a save()', async () => {
    const { gate, ann, signal } = open(() => undefined)
    gate.open()
    await ann.get('/stream')
    expect(await endOf(signal())).toMatch('Call "await sessions.save(ctx)" before sessions.signal(ctx)')
    const actions: Record<string, Action> = {
      '/first': async (ctx, sessions) => {
        ctx.session = { n: 1 }
        await sessions.save(ctx)
        const saved = await sessions.signal(ctx)
        if (saved.aborted) return 'aborted'
        await sessions.destroy(ctx)
        return endOf(saved)
      },
    }
    const first = createSessionApp({ store: getStore(), recheckEvery: NEVER }, actions).visitor()
    expect((await first.get('/first')).body).toBe('The session was ended.')
  })

  it('R72: sessions.signal(ctx) is released when the response closes', async () => {
    const { app, gate, ann, bus, signal } = open((ctx) => void ctx.res.write('begun'))
    await ann.get('/set?n=1')
    const server = app.listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const aborting = new AbortController()
    const options = { headers: { cookie: ann.jar.header }, signal: aborting.signal }
    const response = await fetch(`http://127.0.0.1:${port}/stream`, options)
    expect(bus.size).toBe(1)
    const closed = bus.whenEmpty()
    aborting.abort()
    await response.text().catch(() => undefined)
    await closed
    await ann.get('/logout')
    await settle(() => ann.get('/'))
    expect(signal().aborted).toBe(false)
    gate.open()
  })
})
