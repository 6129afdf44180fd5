import 'reflect-metadata'
import type Koa from 'koa'
import session, { SessionError, SessionService } from 'koa-session-service'
import { Session, SessionParam } from 'koa-session-service/routing-controllers'
import { createKoaServer, Get, JsonController, useKoaServer, type RoutingControllersOptions } from 'routing-controllers'
import { createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'

class AdminSessions extends SessionService {}

@JsonController()
class ViewsController {
  @Get('/session')
  session(@Session() session: Session) {
    return session.toJSON()
  }

  @Get('/key')
  key(@SessionParam('views') views: number) {
    return { views }
  }

  @Get('/param')
  param(@SessionParam('views') views: number) {
    return { views }
  }

  @Get('/admin')
  admin(@Session({ from: AdminSessions }) session: Session) {
    return session.toJSON()
  }
}

type Setup = (KoaClass: typeof Koa, options: RoutingControllersOptions) => Koa

const SETUPS: Record<string, Setup> = {
  'no middleware at all': (KoaClass, options) => useKoaServer(createApp(KoaClass), options),
  'the middleware after useKoaServer': (KoaClass, options) => {
    const app = useKoaServer(createApp(KoaClass), options)
    return app.use(session(app))
  },
  'the middleware after createKoaServer': (_KoaClass, options) => {
    const app = Object.assign(createKoaServer(options) as Koa, { keys: ['a test key'], silent: true })
    return app.use(session(app))
  },
  'a service whose middleware is not installed': (KoaClass, options) => {
    const app = createApp(KoaClass)
    new SessionService(app)
    return useKoaServer(app, options)
  },
}

/** The error that Koa gets to see, where routing-controllers does not swallow it. */
async function errorAt(path: string, app: Koa): Promise<SessionError> {
  const seen = jest.fn<void, [SessionError]>()
  app.on('error', seen)
  expect((await new Visitor(app).get(path)).status).toBe(500)
  return seen.mock.calls[0][0]
}

// The first in this file: a developer is told once only.
test("R47: a warning says once what routing-controllers' error handler hides of a missing middleware", async () => {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation()
  const visitor = new Visitor(useKoaServer(createApp(), { controllers: [ViewsController] }))
  await visitor.get('/session')
  await visitor.get('/key')
  expect(warn.mock.calls).toEqual([
    [expect.stringMatching(/^@Session\(\) failed with ERR_SESSION_NO_MIDDLEWARE\. .*"app\.use\(/), 'SessionWarning'],
  ])
  warn.mockRestore()
})

const CASES = Object.entries(KOA_VERSIONS).flatMap(([version, KoaClass]) =>
  Object.entries(SETUPS).map(([name, setUp]) => [`${version}, ${name}`, KoaClass, setUp] as const),
)

describe.each(CASES)('%s', (_name, KoaClass, setUp) => {
  test.each(['/session', '/key', '/param'])(
    'R47: a controller at %s without the middleware fails with the line to add and where to add it',
    async (path) => {
      const app = setUp(KoaClass, { controllers: [ViewsController], defaultErrorHandler: false })
      const error = await errorAt(path, app)
      expect(error).toBeInstanceOf(SessionError)
      expect(error.code).toBe('ERR_SESSION_NO_MIDDLEWARE')
      expect(error.message).toMatch(/"useSessions\(app\)"/)
      expect(error.message).toMatch(/"app\.use\(session\(app\)\)"/)
      expect(error.message).toMatch(/before/)
    },
  )

  test("R47: the client gets the code of a missing middleware with routing-controllers' error handler", async () => {
    const answer = await new Visitor(setUp(KoaClass, { controllers: [ViewsController] })).get('/session')
    expect(answer.status).toBe(500)
    expect(answer.json()).toEqual({ name: 'SessionError', code: 'ERR_SESSION_NO_MIDDLEWARE', status: 500 })
  })
})

test('R51: the error of a missing middleware says the name of a named service', async () => {
  const app = createApp()
  app.use(session(app))
  useKoaServer(app, { controllers: [ViewsController], defaultErrorHandler: false })
  const error = await errorAt('/admin', app)
  expect([error.code, error.message]).toEqual(['ERR_SESSION_NO_MIDDLEWARE', expect.stringMatching(/AdminSessions/)])
})
