import { PassThrough } from 'node:stream'
import type { Context } from 'koa'
import { SessionService } from 'koa-session-service'
import { createApp, Visitor } from '../../support/app/app'
import { BACKENDS } from '../../support/backends/backends'
import { everythingElse } from '../../support/races/interleave'
import { WAYS } from '../../support/app/ways'

/** How a handler starts its response before the session's middleware comes to its end. */
const STREAMS: Record<string, (ctx: Context) => void> = {
  'a body that is a stream, flushed': (ctx) => {
    const stream = new PassThrough()
    ctx.body = stream
    ctx.flushHeaders()
    stream.end('data: done\n\n')
  },
  'server-sent events past Koa': (ctx) => {
    ctx.respond = false
    ctx.res.writeHead(200, { 'content-type': 'text/event-stream' })
    ctx.res.write('data: ')
    ctx.res.end('done\n\n')
  },
  'res.end': (ctx) => {
    ctx.res.statusCode = 200
    ctx.res.end('data: done\n\n')
  },
}

const CASES = WAYS.flatMap((way) =>
  BACKENDS.flatMap((backend) =>
    Object.entries(STREAMS).map(([name, start]) => ({
      ...way,
      backend,
      start,
      title: `${way.name}, ${backend.name}, ${name}`,
    })),
  ),
)

describe.each(CASES)('$title', ({ KoaClass, options, at, backend, start }) => {
  test('R16: save() before streaming gives the client its cookie, keeps the data, and nothing comes too late', async () => {
    const app = createApp(KoaClass)
    const late: unknown[] = []
    const sessions = new SessionService(app, { ...options, ...backend.options() }).on('headersSent', ({ lost }) =>
      late.push(lost),
    )
    app.use(sessions.middleware())
    app.use(async (ctx) => {
      if (ctx.path === '/read') {
        ctx.body = { views: ctx.session.views }
        return
      }
      ctx.session.views = 3
      await sessions.save(...at(ctx))
      start(ctx)
    })
    const visitor = new Visitor(app)
    const { status, body, setCookie } = await visitor.get('/stream')
    expect([status, body]).toEqual([200, 'data: done\n\n'])
    expect(setCookie.map((line) => line.split('=')[0])).toEqual(backend.cookies())
    expect((await visitor.get('/read')).json()).toEqual({ views: 3 })
    await everythingElse()
    expect(late).toEqual([])
  })
})
