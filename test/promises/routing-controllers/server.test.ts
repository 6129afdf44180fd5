import 'reflect-metadata'
import type Koa from 'koa'
import type { Context, Next } from 'koa'
import { SessionService, type SessionOptions } from 'koa-session-service'
import { Session } from 'koa-session-service/routing-controllers'
import 'koa-session-service/typedi'
import {
  Body,
  createKoaServer,
  getMetadataArgsStorage,
  JsonController,
  type KoaMiddlewareInterface,
  Middleware,
  Post,
  useKoaServer,
} from 'routing-controllers'
import { DefaultKoa, createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'
import { createServer } from '../../support/app/controllers'
import { BACKENDS } from '../../support/backends/backends'

const shipped = { ...getMetadataArgsStorage() }
const shippedCount = shipped.middlewares.length + shipped.interceptors.length + shipped.controllers.length

@JsonController()
class ViewsController {
  @Post('/views')
  count(@Session() session: Session, @Body() { by = 1 }: { by?: number }) {
    session.views = (session.views ?? 0) + by
    return { views: session.views }
  }
}

function serve(KoaClass: typeof Koa, session: SessionOptions, defaultErrorHandler = true): Koa {
  return createServer({ KoaClass, session, controllers: [ViewsController], defaultErrorHandler })
}

test('R47: the library decorates nothing beforehand: `middlewares` left out adds nothing that the application did not write', () => {
  expect(shippedCount).toBe(0)
  const bare = useKoaServer(createApp(), { controllers: [ViewsController] })
  expect(serve(DefaultKoa, {}).middleware).toHaveLength(bare.middleware.length + 1)
})

const CASES = Object.entries(KOA_VERSIONS).flatMap(([version, KoaClass]) =>
  BACKENDS.map(({ name, options }) => [`${version}, ${name}`, KoaClass, options] as const),
)

describe.each(CASES)('%s', (_name, KoaClass, options) => {
  test.each([true, false])(
    'R14: a body that is no JSON fails before any action, and the session is renewed all the same (defaultErrorHandler: %s)',
    async (defaultErrorHandler) => {
      const visitor = new Visitor(serve(KoaClass, { ...options(), rolling: true }, defaultErrorHandler))
      await visitor.post('/views', {})
      const answer = await visitor.post('/views', '{"by": ', { 'content-type': 'application/json' })
      expect(answer.status).toBe(400)
      expect(answer.setCookie.join()).toMatch(/^koa\.sess=[^;]+;/)
      expect((await visitor.post('/views', {})).json()).toEqual({ views: 2 })
    },
  )
})

describe('createKoaServer', () => {
  let handle: Koa.Middleware

  class Sessions implements KoaMiddlewareInterface {
    use(ctx: Context, next: Next): Promise<unknown> {
      return handle(ctx, next) as Promise<unknown>
    }
  }

  function createOwnServer(options: SessionOptions): { app: Koa; sessions: SessionService } {
    Middleware({ type: 'before' })(Sessions)
    const app = createKoaServer({ controllers: [ViewsController], middlewares: [Sessions] }) as Koa
    app.keys = ['a test key']
    const sessions = new SessionService(app, options)
    handle = sessions.middleware()
    return { app, sessions }
  }

  test.each(BACKENDS)(
    'R47: the session is installed by a class middleware of the application, with $name',
    async ({ options }) => {
      const visitor = new Visitor(createOwnServer(options()).app)
      await visitor.post('/views', {})
      expect((await visitor.post('/views', {})).json()).toEqual({ views: 2 })
    },
  )

  test("R49: the service finds its request without Koa's own asyncLocalStorage", async () => {
    const { app, sessions } = createOwnServer({ asyncLocalStorage: true })
    app.use(async (ctx) => {
      ctx.body = { own: sessions.context === ctx, koa: app.currentContext === undefined }
    })
    expect((await new Visitor(app).get('/')).json()).toEqual({ own: true, koa: true })
  })
})
