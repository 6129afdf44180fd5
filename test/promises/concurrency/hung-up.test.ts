import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import type { Context } from 'koa'
import { MemoryStore, type SessionOptions, type SessionService, type Store } from 'koa-session-service'
import { createGate } from '../../support/races/gate'
import { createSite, nextTurn, sessionOf, type Site } from '../../support/app/site'
import { spyOnMemory } from '../../support/spies/spy-on'

type Verb = (sessions: SessionService, ctx: Context) => unknown

interface Case {
  name: string
  /** The options that the session is made with, where they were others. */
  before?: SessionOptions
  options: SessionOptions
  verb: Verb
  seed?: Record<string, unknown>
}

const OWNED: SessionOptions = { owner: ({ user }) => user as string }
const ANN = { user: 'ann', cart: ['tea'] }

const CASES: Case[] = [
  { name: 'a change', options: {}, verb: (_sessions, ctx) => (ctx.session.n = 1) },
  { name: 'a request that only reads, and the option owner is new', before: {}, options: OWNED, verb: () => undefined },
  {
    name: 'a request that only reads, and the option hashTokens is new',
    before: {},
    options: { hashTokens: true },
    verb: () => undefined,
  },
  {
    name: 'a change, and the option owner is new',
    before: {},
    options: OWNED,
    verb: (_sessions, ctx) => (ctx.session.n = 1),
  },
  {
    name: 'update(), and the option owner is new',
    before: {},
    options: OWNED,
    verb: (sessions, ctx) => sessions.update((data) => (data.n = 1), ctx),
  },
  { name: 'regenerate()', options: {}, verb: (sessions, ctx) => sessions.regenerate({}, ctx) },
  { name: 'regenerate(), with owner', options: OWNED, verb: (sessions, ctx) => sessions.regenerate({}, ctx) },
  { name: 'session.regenerate()', options: {}, verb: (_sessions, ctx) => ctx.session.regenerate() },
  { name: 'confirm()', options: OWNED, verb: (sessions, ctx) => sessions.confirm({}, ctx) },
  {
    name: 'a sign-in',
    options: OWNED,
    seed: { cart: ['tea'] },
    verb: (_sessions, ctx) => (ctx.session.user = 'ann'),
  },
  {
    name: 'a sign-in by update()',
    options: OWNED,
    seed: { cart: ['tea'] },
    verb: (sessions, ctx) => sessions.update((data) => (data.user = 'ann'), ctx),
  },
]

/** Sends a request for `/slow` with a cookie; returns what makes the client hang up. */
type Ask = (port: number, cookie: string) => () => void

const PROTOCOLS: { protocol: string; create: (handle: http.RequestListener) => Server; ask: Ask }[] = [
  {
    protocol: 'HTTP/1',
    create: (handle) => http.createServer(handle),
    ask: (port, cookie) => {
      const request = http.get({ host: '127.0.0.1', port, path: '/slow', headers: { cookie } })
      request.on('error', () => undefined)
      return () => request.destroy()
    },
  },
  {
    protocol: 'HTTP/2',
    create: (handle) => http2.createServer(handle as never),
    ask: (port, cookie) => {
      const client = http2.connect(`http://127.0.0.1:${port}`)
      client.on('error', () => undefined)
      const stream = client.request({ ':path': '/slow', cookie })
      stream.on('error', () => undefined)
      stream.end()
      return () => {
        stream.close(http2.constants.NGHTTP2_CANCEL)
        stream.once('close', () => client.destroy())
      }
    },
  },
]

const STORES = [
  { store: 'MemoryStore', create: () => new MemoryStore() },
  { store: 'a store that answers later', create: (): Store => spyOnMemory().store },
]

describe.each(PROTOCOLS)('a browser that hangs up, over $protocol', ({ create: createServer, ask }) => {
  describe.each(STORES)('on $store', ({ create }) => {
    it.each(CASES)(
      'R86: a browser that hangs up keeps its session, and the token that it holds: $name',
      async ({ before, options, verb, seed = ANN }) => {
        const store = create()
        const page = createGate()
        const earlier = createSite(
          { ...(before ?? options), store },
          { '/seed': (ctx) => Object.assign(ctx.session, seed) },
        )
        const site: Site = createSite(
          { ...options, store },
          {
            '/slow': async (ctx) => {
              const hungUp = once(ctx.res, 'close')
              await page.pass()
              await hungUp
              await Promise.resolve(verb(site.sessions, ctx)).catch(() => undefined)
            },
          },
        )
        const { visitor } = earlier
        await visitor.get('/seed')
        const handle = site.app.callback()
        const served = createGate()
        const server = createServer((req, res) => void handle(req, res).then(served.pass))
        server.listen(0, '127.0.0.1')
        await once(server, 'listening')
        try {
          const hangUp = ask((server.address() as AddressInfo).port, visitor.jar.header)
          await page.reached
          hangUp()
          page.open()
          await served.reached
          await nextTurn()
        } finally {
          server.close()
        }
        // What the browser holds is what it held: it is read by who has these options too.
        expect(await sessionOf(visitor)).toMatchObject(seed)
      },
    )
  })
})
