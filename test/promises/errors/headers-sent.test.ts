import type Koa from 'koa'
import type { Context } from 'koa'
import session, { sealed, type SessionOptions } from 'koa-session-service'
import { createApp, KOA_VERSIONS } from '../../support/app/app'
import { BACKENDS, backendsWith } from '../../support/backends/backends'
import { observe, type Observed } from '../../support/app/site'
import { takeTurns, toldBy } from './fixtures'
import { Browser, closeServers, listen, namesOf, type HttpAnswer } from './server'

afterEach(closeServers)

/** The ways in which a handler sends the head of the response before the session is committed. */
const WAYS: [string, (ctx: Context) => void][] = [
  [
    'ctx.respond = false and res.end by hand',
    (ctx) => {
      ctx.respond = false
      ctx.res.statusCode = 200
      ctx.res.end('by hand')
    },
  ],
  [
    'res.writeHead and res.end',
    (ctx) => {
      ctx.res.writeHead(200, { 'Content-Type': 'text/plain' })
      ctx.res.end('by hand')
    },
  ],
  [
    'flushHeaders',
    (ctx) => {
      ctx.status = 200
      ctx.flushHeaders()
      ctx.body = 'by hand'
    },
  ],
  [
    'server-sent events',
    (ctx) => {
      ctx.respond = false
      ctx.res.writeHead(200, { 'Content-Type': 'text/event-stream' })
      ctx.res.write('by ')
      setImmediate(() => ctx.res.end('hand'))
    },
  ],
]

interface Fixture {
  browser: Browser
  observed: Observed
  visit: (path: string) => Promise<HttpAnswer>
}

/** `/start` answers first and changes the session then: it counts, or does what else the path says. */
async function open(KoaClass: typeof Koa, options: SessionOptions, send: (ctx: Context) => void): Promise<Fixture> {
  const app = createApp(KoaClass)
  const observed = observe(app)
  app.use(session(options, app))
  app.use(async (ctx) => {
    if (ctx.path === '/') return void (ctx.body = ctx.session)
    if (ctx.path === '/fine') return void (ctx.body = ctx.session = { views: 1 })
    if (ctx.path === '/saved') {
      ctx.session.views = 10
      await ctx.session.save()
    }
    send(ctx)
    if (ctx.path === '/count') ctx.session.views = (ctx.session.views ?? 0) + 1
    // What is thrown after flushHeaders leaves the response open for ever, in Koa itself.
    const note = (error: unknown) => void observed.errors.push(error)
    if (ctx.path === '/late-save') await ctx.session.save().catch(note)
    if (ctx.path === '/read') ctx.state.views = ctx.session.views
    if (ctx.path === '/logout') ctx.session = null
    if (ctx.path === '/renew') await ctx.session.regenerate().catch(note)
    if (ctx.path === '/fail') {
      ctx.session.views = 100
      throw new Error('broken')
    }
  })
  const browser = new Browser(await listen(app.callback()))
  const visit = async (path: string): Promise<HttpAnswer> => {
    const answer = await browser.get(path)
    await takeTurns()
    return answer
  }
  return { browser, observed, visit }
}

describe.each(Object.entries(KOA_VERSIONS))('headers that are sent already, under %s', (_version, KoaClass) => {
  describe.each(WAYS)('%s', (_way, send) => {
    it.each(BACKENDS)(
      'R16: a new session is lost with its cookie once the headers are sent, with $name, and this is told',
      async (backend) => {
        const { visit, observed } = await open(KoaClass, backend.options(), send)
        expect(await visit('/count')).toMatchObject({ status: 200, body: 'by hand', setCookie: [] })
        expect(toldBy(observed)).toEqual({
          errors: [],
          late: [backend.hasIds ? 'id' : 'data'],
          failures: [],
          others: [],
        })
      },
    )

    it.each(backendsWith({ hasIds: true }))(
      'R16, D6: a new session is stored after the headers are sent, with $name, though nobody is told its id',
      async (backend) => {
        const options = { ...backend.options(), genid: () => 'the-id', signed: false }
        const { browser, visit } = await open(KoaClass, options, send)
        await visit('/count')
        browser.jar.values.set('koa.sess', 'the-id')
        expect((await visit('/')).body).toBe('{"views":1}')
      },
    )

    it.each(BACKENDS)(
      'R16, D6: save() throws nothing once the headers are sent, with $name, and a session that is left alone loses nothing',
      async (backend) => {
        const { visit, observed } = await open(KoaClass, backend.options(), send)
        await visit('/fine')
        expect(await visit('/untouched')).toMatchObject({ status: 200, body: 'by hand', setCookie: [] })
        expect(toldBy(observed)).toEqual({ errors: [], late: [], failures: [], others: [] })
        expect(await visit('/late-save')).toMatchObject({ status: 200, body: 'by hand', setCookie: [] })
        const late = [backend.hasIds ? 'renewal' : 'data']
        expect(toldBy(observed)).toEqual({ errors: [], late, failures: [], others: [] })
      },
    )

    it.each(BACKENDS)(
      'R16: a store keeps the change of a session that the client has once the headers are sent, with $name',
      async (backend) => {
        const { visit, observed } = await open(KoaClass, backend.options(), send)
        await visit('/fine')
        expect(await visit('/count')).toMatchObject({ status: 200, body: 'by hand', setCookie: [] })
        expect(toldBy(observed)).toEqual({
          errors: [],
          late: [backend.hasIds ? 'renewal' : 'data'],
          failures: [],
          others: [],
        })
        expect((await visit('/')).body).toBe(backend.hasIds ? '{"views":2}' : '{"views":1}')
      },
    )

    it.each(BACKENDS)(
      'R16: a session that is ended once the headers are sent is ended in the store, with $name',
      async (backend) => {
        const { visit, observed } = await open(KoaClass, backend.options(), send)
        await visit('/fine')
        expect(await visit('/logout')).toMatchObject({ status: 200, body: 'by hand', setCookie: [] })
        const others = backend.hasIds ? ['ended'] : []
        expect(toldBy(observed)).toEqual({ errors: [], late: ['removal'], failures: [], others })
        expect((await visit('/')).body).toBe(backend.hasIds ? '{}' : '{"views":1}')
      },
    )

    it.each(backendsWith({ hasIds: true }))(
      'R16: regenerate() fails once the headers are sent, with $name, and leaves the session as it is',
      async (backend) => {
        const { visit, observed } = await open(KoaClass, backend.options(), send)
        await visit('/fine')
        expect(await visit('/renew')).toMatchObject({ status: 200, body: 'by hand', setCookie: [] })
        const tooLate: unknown = expect.objectContaining({ code: 'ERR_SESSION_HEADERS_SENT' })
        expect(toldBy(observed)).toEqual({ errors: [tooLate], late: [], failures: [], others: [] })
        expect((await visit('/')).body).toBe('{"views":1}')
      },
    )

    it.each(BACKENDS)('R16: save() before the first byte brings the cookie, with $name', async (backend) => {
      const { visit, observed } = await open(KoaClass, backend.options(), send)
      const answer = await visit('/saved')
      expect(answer).toMatchObject({ status: 200, body: 'by hand' })
      expect(namesOf(answer.setCookie)).toEqual(backend.cookies())
      expect(toldBy(observed)).toEqual({ errors: [], late: [], failures: [], others: [] })
      expect((await visit('/')).body).toBe('{"views":10}')
    })

    it.each(BACKENDS)(
      'R16: rolling without a change does not throw once the headers are sent, with $name',
      async (backend) => {
        const { visit, observed } = await open(KoaClass, { ...backend.options(), rolling: true }, send)
        await visit('/fine')
        expect(await visit('/untouched')).toMatchObject({ status: 200, body: 'by hand' })
        expect(toldBy(observed)).toEqual({
          errors: [],
          late: [backend.hasIds ? 'renewal' : 'data'],
          failures: [],
          others: [],
        })
      },
    )
  })

  const afterThem = WAYS.filter(([name]) => name !== 'flushHeaders').flatMap(([way, send]) =>
    BACKENDS.map(({ name, hasIds, options }) => ({ way, send, name, hasIds, options })),
  )
  it.each(afterThem)(
    'R16: a handler that throws after $way with $name gives the app its error, and a store is written',
    async ({ send, hasIds, options }) => {
      const { visit, observed } = await open(KoaClass, options(), send)
      await visit('/fine')
      expect(await visit('/fail')).toMatchObject({ status: 200, body: 'by hand', setCookie: [] })
      const late = [hasIds ? 'renewal' : 'data']
      expect(toldBy(observed)).toEqual({ errors: [new Error('broken')], late, failures: [], others: [] })
      expect((await visit('/')).body).toBe(hasIds ? '{"views":100}' : '{"views":1}')
    },
  )

  const [, byHand] = WAYS[0]

  it('R16: a session that takes several cookies is told to be lost once the headers are sent', async () => {
    const codec = sealed({ keys: ['a key of at least thirty-two bytes'] })
    const { visit, observed } = await open(KoaClass, { codec, chunks: 3, rolling: true }, byHand)
    await visit('/fine')
    for (const path of ['/count', '/logout', '/untouched']) await visit(path)
    expect(toldBy(observed)).toEqual({ errors: [], late: ['data', 'removal', 'data'], failures: [], others: [] })
  })

  it('R16: a cookie that is not good, and is read once the headers are sent, causes no error', async () => {
    const { browser, visit, observed } = await open(KoaClass, { rolling: true }, byHand)
    await visit('/fine')
    for (const name of ['koa.sess.sig', 'koa.sess']) {
      browser.jar.values.set(name, 'tampered')
      for (const path of ['/count', '/logout', '/untouched']) {
        expect(await visit(path)).toMatchObject({ status: 200, body: 'by hand' })
      }
    }
    expect(observed.errors).toEqual([])
  })

  it('R16: a cookie under an older key, read once the headers are sent, causes no error', async () => {
    const { browser, visit, observed } = await open(KoaClass, {}, byHand)
    const app = createApp(KoaClass)
    app.keys = ['an older test key']
    app.use(session(app))
    app.use((ctx) => void (ctx.session.views = 1))
    await new Browser(await listen(app.callback()), browser.jar).get()
    for (const path of ['/read', '/count', '/logout']) {
      expect(await visit(path)).toMatchObject({ status: 200, body: 'by hand' })
    }
    expect(toldBy(observed)).toEqual({ errors: [], late: ['data', 'removal'], failures: [], others: [] })
  })

  it('R16: the error of a "decode" that fails once the headers are sent is told, and no other', async () => {
    const decode = (): never => {
      throw new Error('cannot decode')
    }
    const { browser, visit, observed } = await open(KoaClass, { decode, signed: false }, byHand)
    browser.jar.values.set('koa.sess', 'something')
    expect(await visit('/count')).toMatchObject({ status: 200, body: 'by hand' })
    expect(observed.errors.map(String)).toEqual(['Error: cannot decode'])
  })
})
