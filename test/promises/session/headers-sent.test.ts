import type { Context } from 'koa'
import type { SessionOptions } from 'koa-session-service'
import { Visitor } from '../../support/app'
import { BACKENDS, STORES } from '../../support/backends'
import { createSite, nextTurn, sessionOf, type Handlers, type Site } from '../../support/site'

/** How a handler sends its headers before the session is committed. */
const WAYS: [title: string, send: (ctx: Context) => void][] = [
  ['res.end()', (ctx) => void ctx.res.end('done')],
  ['res.write()', (ctx) => void ctx.res.write('data: 1\n\n')],
  ['res.flushHeaders()', (ctx) => ctx.res.flushHeaders()],
]

/** Handlers that do their work after the headers have gone out. */
function afterHeaders(send: (ctx: Context) => void, handlers: Handlers): Handlers {
  const late = Object.entries(handlers).map(([path, handler]): [string, Handlers[string]] => [
    `/late${path}`,
    async (ctx) => {
      ctx.respond = false
      ctx.status = 200
      send(ctx)
      // The answer ends when everything is done, the commit included.
      void nextTurn().then(() => ctx.res.end())
      await handler(ctx)
    },
  ])
  return { ...handlers, ...Object.fromEntries(late) }
}

const HANDLERS: Handlers = {
  '/login': (ctx) => (ctx.session.user = 'alice'),
  '/change': (ctx) => (ctx.session.theme = 'dark'),
  '/logout': (ctx) => (ctx.session = null),
  '/regenerate': (ctx) => ctx.session.regenerate(),
  '/save': (ctx) => ctx.session.save(),
  '/leave-alone': () => undefined,
}

/** Signs the visitor in to another account. */
const SWITCH: Handlers = { '/switch': (ctx) => (ctx.session.user = 'bob') }

/** What of the session the client did not get, by the site's events. */
async function lost({ events }: Site): Promise<unknown[]> {
  await nextTurn()
  await nextTurn()
  return events.filter(({ name }) => name === 'headersSent').map(({ detail }) => detail.lost)
}

describe.each(WAYS)('headers that are sent with %s', (_, send) => {
  const handlers = afterHeaders(send, HANDLERS)

  const cases = BACKENDS.flatMap((backend) => Object.keys(HANDLERS).map((path) => ({ ...backend, path })))
  test.each(cases.filter(({ path, hasIds }) => path !== '/regenerate' || !hasIds))(
    'D6: $path throws nothing, and sends no cookie, with $name',
    async ({ options, path }) => {
      const site = createSite({ ...options(), rolling: true }, handlers)
      await site.visitor.get('/login')
      const answer = await site.visitor.get(`/late${path}`)
      await nextTurn()
      expect(answer.status).toBe(200)
      expect(answer.setCookie).toEqual([])
      expect(site.errors).toEqual([])
    },
  )

  test.each(STORES)('D6: a change is stored, and its renewal is lost, with $name', async ({ options }) => {
    const site = createSite(options(), handlers)
    await site.visitor.get('/login')
    await site.visitor.get('/late/change')
    expect(await lost(site)).toEqual(['renewal'])
    expect(await sessionOf(site.visitor)).toEqual({ user: 'alice', theme: 'dark' })
  })

  test.each(STORES)('D6: a new session is stored, and its id is lost, with $name', async ({ options }) => {
    const site = createSite({ ...options(), genid: () => 'the-id', signed: false }, handlers)
    await site.visitor.get('/late/login')
    expect(await lost(site)).toEqual(['id'])
    site.visitor.jar.values.set('koa.sess', 'the-id')
    expect(await sessionOf(site.visitor)).toEqual({ user: 'alice' })
  })

  test.each(STORES)('D6: a logout is stored, and the cookie’s removal is lost, with $name', async ({ options }) => {
    const site = createSite(options(), handlers)
    await site.visitor.get('/login')
    await site.visitor.get('/late/logout')
    expect(await lost(site)).toEqual(['removal'])
    expect(await sessionOf(site.visitor)).toEqual({})
  })

  test.each(STORES)('D21: regenerate() is an error, and changes nothing, with $name', async ({ options }) => {
    const site = createSite(options(), handlers)
    await site.visitor.get('/login')
    const answer = await site.visitor.get('/late/regenerate')
    expect(answer.setCookie).toEqual([])
    expect(await lost(site)).toEqual([])
    expect(site.errors).toEqual([expect.objectContaining({ code: 'ERR_SESSION_HEADERS_SENT', status: 500 })])
    expect(await sessionOf(site.visitor)).toEqual({ user: 'alice' })
  })

  test.each(STORES)('D21: a change of owner ends the session, and says so once, with $name', async ({ options }) => {
    const owner: SessionOptions['owner'] = ({ user }) => user as string | undefined
    const site = createSite({ ...options(), owner }, { ...handlers, ...afterHeaders(send, SWITCH) })
    await site.visitor.get('/login')
    await site.eventNames()
    site.events.length = 0
    const answer = await site.visitor.get('/late/switch')
    expect(answer.setCookie).toEqual([])
    expect(await lost(site)).toEqual([])
    expect(site.events.map(({ name }) => name)).toEqual(['ended', 'gone'])
    expect(site.errors).toEqual([])
    expect(await sessionOf(site.visitor)).toEqual({})
  })

  test.each(BACKENDS)('D6: nothing is lost where nothing is written, with $name', async ({ options }) => {
    const site = createSite(options(), handlers)
    await site.visitor.get('/login')
    await site.visitor.get('/late/leave-alone')
    expect(await lost(site)).toEqual([])
  })

  test('D6: the data of a cookie are lost', async () => {
    const site = createSite({}, handlers)
    await site.visitor.get('/login')
    await site.visitor.get('/late/change')
    expect(await lost(site)).toEqual(['data'])
    expect(await sessionOf(site.visitor)).toEqual({ user: 'alice' })
  })

  test.each(BACKENDS)('D6: save() before them loses nothing, with $name', async ({ options }) => {
    const site = createSite(options(), {
      '/stream': async (ctx) => {
        ctx.session.user = 'alice'
        await ctx.session.save()
        ctx.respond = false
        send(ctx)
        void nextTurn().then(() => ctx.res.end())
      },
    })
    expect((await site.visitor.get('/stream')).setCookie).toHaveLength(2)
    expect(await lost(site)).toEqual([])
    expect(await sessionOf(site.visitor)).toEqual({ user: 'alice' })
  })

  test.each(BACKENDS)('D6: a handler that throws after them keeps its error, with $name', async ({ options }) => {
    const failure = new Error('the stream broke')
    const { visitor, errors } = createSite(
      options(),
      afterHeaders(send, {
        '/fail': (ctx) => {
          ctx.session.user = 'alice'
          throw failure
        },
      }),
    )
    await visitor.get('/late/fail')
    await nextTurn()
    expect(errors).toEqual([failure])
  })

  /** Cookies at whose reading something would be set in the response. */
  const CURIOUS: [title: string, keys: string[]][] = [
    ['a forged signature', ['of another site']],
    ['a signature of an older key', ['a newer key', 'a test key']],
  ]
  test.each(CURIOUS)('D6: a session that is first read after them: a cookie with %s', async (_, keys) => {
    const before = createSite({}, handlers)
    await before.visitor.get('/login')
    const after = createSite({ rolling: true }, handlers)
    after.app.keys = keys
    const visitor = new Visitor(after.app, before.visitor.jar)
    for (const path of ['/late/change', '/late/leave-alone', '/late/logout']) {
      expect((await visitor.get(path)).status).toBe(200)
    }
    await nextTurn()
    expect(after.errors).toEqual([])
  })

  test('D6: a session that is first read after them: a cookie that decode refuses', async () => {
    const failure = new Error('no such cipher')
    const decode = () => {
      throw failure
    }
    const { visitor, errors } = createSite({ decode }, handlers)
    await visitor.get('/login')
    await visitor.get('/late/change')
    await nextTurn()
    expect(errors).toEqual([failure])
  })
})
