import session, { MemoryStore, sealed, type SessionOptions } from 'koa-session-service'
import type Koa from 'koa'
import type { Context } from 'koa'
import { createApp, Visitor } from '../../support/app/app'
import { BACKENDS, SEALING_KEYS } from '../../support/backends/backends'
import { debug, printed } from './lines'

jest.mock('../../../src/base/debug', () => ({ debug: jest.requireActual<{ debug: typeof debug }>('./lines').debug }))

const linesSoFar = (): string[] => printed.filter((text) => text.includes(' | '))
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

function site(options: SessionOptions): Koa {
  const app = createApp()
  const middleware = session(options, app)
  app.use(middleware)
  app.use(async function pages(ctx: Context) {
    if (ctx.path === '/in') Object.assign(ctx.session, { user: 'ann' })
    if (ctx.path === '/regenerate') await middleware.sessions.regenerate(ctx)
    if (ctx.path === '/more') ctx.session.more = Math.random()
    if (ctx.path === '/out') ctx.session = null
    ctx.body = ctx.path === '/plain' ? 'plain' : String(ctx.session?.user)
  })
  return app
}

beforeEach(() => (printed.length = 0))

describe('a session that works', () => {
  it.each(BACKENDS)(
    'R120: a session that works, with $name, has one line a request, and no hint',
    async ({ options }) => {
      const visitor = new Visitor(site(options()))
      const paths = ['/', '/plain', '/in', '/', '/more', '/regenerate', '/', '/out', '/', '/in', '/']
      for (const path of paths) await visitor.get(path)
      await settled()
      const lines = linesSoFar()
      expect(lines.map((line) => /^GET http:\/\/localhost:80(\S+) 200 \| koa\.sess: /.exec(line)?.[1])).toEqual(paths)
      expect(lines.filter((line) => line.includes('hint'))).toEqual([])
    },
  )

  it('R120: requests of a new visitor at once have no hint', async () => {
    const app = site({ store: new MemoryStore() })
    await Promise.all(['/in', '/in', '/in'].map((path) => new Visitor(app).get(path)))
    await settled()
    expect(linesSoFar().map((line) => line.includes('hint'))).toEqual([false, false, false])
  })

  it('R120: several sessions of one app have a line each', async () => {
    const app = createApp()
    app.use(session({ key: 'one', property: 'one' }, app))
    app.use(session({ key: 'two', property: 'two', codec: sealed({ keys: SEALING_KEYS }) }, app))
    app.use((ctx) => (ctx.body = 'both'))
    await new Visitor(app).get()
    await settled()
    expect(linesSoFar().map((line) => / \| (\w+): no-cookie/.exec(line)?.[1])).toEqual(['one', 'two'])
  })

  it.each(['ip', 'host'])(
    'R120: a request is served where its line cannot be made, as its %s cannot be read',
    async (name) => {
      const app = createApp()
      app.use(session({}, app))
      app.use((ctx) => (ctx.body = String(ctx.session.isNew)))
      Object.defineProperty(app.request, name, { get: () => JSON.parse('what nobody may read') as unknown })
      expect((await new Visitor(app).get()).body).toBe('true')
      await settled()
      expect(printed).toEqual(['a request could not be explained: SyntaxError'])
    },
  )

  it('R120: a client that hangs up has its line while the handler still runs', async () => {
    const app = createApp()
    app.use(session({}, app))
    app.use((ctx) => {
      ctx.session.views = 1
      ctx.res.emit('close')
    })
    await expect(new Visitor(app).get()).rejects.toThrow('response destroyed')
    await settled()
    expect(linesSoFar()).toEqual([expect.stringContaining(' | the handler still runs')])
  })
})
