import 'reflect-metadata'
import type { Context } from 'koa'
import { SessionError, SessionService } from 'koa-session-service'
import { Session, SessionParam, type SessionRequirements } from 'koa-session-service/routing-controllers'
import { Body, Controller, Get, JsonController, Post, UseBefore } from 'routing-controllers'
import { DefaultKoa, KOA_VERSIONS, Visitor } from '../../support/app/app'
import { createServer } from '../../support/app/controllers'
import { BACKENDS } from '../../support/backends/backends'

interface User {
  userId?: number
  role?: string
}

const isAdmin = jest.fn((user: User) => user.role === 'admin')
const isLate = jest.fn((userId: number) => userId > 10)
const neverInTime = { required: async () => false } as unknown as SessionRequirements<User>

@JsonController()
class UserController {
  @Post('/become')
  become(@Session() session: Session<User>, @Body() user: User) {
    Object.assign(session, user)
    return {}
  }

  @Get('/session')
  session(@Session({ required: true }) session: Session<User>) {
    return session.toJSON()
  }

  @Get('/optional')
  optional(@Session({ required: false }) session: Session<User>) {
    return session.toJSON()
  }

  @Get('/admin')
  admin(@Session({ required: isAdmin }) session: Session<User>) {
    return session.toJSON()
  }

  @Get('/promised')
  promised(@Session(neverInTime) session: Session<User>) {
    return session.toJSON()
  }

  @Get('/param')
  param(@SessionParam('userId', { required: true }) userId: number) {
    return { userId }
  }

  @Get('/late')
  late(@SessionParam('userId', { required: isLate }) userId: number) {
    return { userId }
  }

  @Get('/logged-out')
  @UseBefore((ctx: Context, next: () => Promise<unknown>) => SessionService.of(ctx).destroy(ctx).then(next))
  loggedOut(@Session({ required: true }) session: Session<User>) {
    return session.toJSON()
  }
}

@Controller()
class PageController {
  @Get('/page')
  page(@Session({ required: true }) session: Session<User>) {
    return `hello ${session.userId}`
  }
}

function serve(KoaClass = DefaultKoa, session = {}, defaultErrorHandler = true) {
  return createServer({ KoaClass, session, controllers: [UserController, PageController], defaultErrorHandler })
}

async function visitAs(user: User, app = serve()): Promise<Visitor> {
  const visitor = new Visitor(app)
  await visitor.post('/become', user)
  return visitor
}

const REFUSAL = { name: 'SessionError', code: 'ERR_SESSION_REQUIRED', status: 401 }

const CASES = Object.entries(KOA_VERSIONS).flatMap(([version, KoaClass]) =>
  BACKENDS.map(({ name, options }) => [`${version}, ${name}`, KoaClass, options] as const),
)

describe.each(CASES)('%s', (_name, KoaClass, options) => {
  test.each(['/session', '/admin', '/param', '/late'])(
    'R47: a visitor without a session gets 401 and a code at %s, where it is required',
    async (path) => {
      const answer = await new Visitor(serve(KoaClass, options())).get(path)
      expect(answer.status).toBe(401)
      expect(answer.json()).toEqual(REFUSAL)
    },
  )

  test('R47: a visitor with a session is let in where it is required', async () => {
    const visitor = await visitAs({ userId: 7 }, serve(KoaClass, options()))
    expect((await visitor.get('/session')).json()).toEqual({ userId: 7 })
    expect((await visitor.get('/param')).json()).toEqual({ userId: 7 })
  })

  test('R47: a session that was destroyed earlier in the request counts as none where it is required', async () => {
    const visitor = await visitAs({ userId: 7 }, serve(KoaClass, options()))
    const answer = await visitor.get('/logged-out')
    expect([answer.status, answer.json()]).toEqual([401, REFUSAL])
  })
})

test('R47: a session that has data, but not under the required key, is refused', async () => {
  const visitor = await visitAs({ role: 'user' })
  expect((await visitor.get('/param')).status).toBe(401)
})

test.each([0, '', false])('R47: the required value %j is there, and null is not', async (value) => {
  const visitor = await visitAs({ userId: value as number })
  expect((await visitor.get('/param')).json()).toEqual({ userId: value })
  await visitor.post('/become', { userId: null })
  expect((await visitor.get('/param')).status).toBe(401)
})

test('R47: required: false hands over the empty session', async () => {
  expect((await new Visitor(serve()).get('/optional')).json()).toEqual({})
})

test('R47: a predicate narrows what is required of the session', async () => {
  expect((await (await visitAs({ role: 'user' })).get('/admin')).json()).toEqual(REFUSAL)
  expect((await (await visitAs({ role: 'admin' })).get('/admin')).json()).toEqual({ role: 'admin' })
})

test('R47: a predicate narrows what is required of a key', async () => {
  expect((await (await visitAs({ userId: 9 })).get('/late')).json()).toEqual(REFUSAL)
  expect((await (await visitAs({ userId: 11 })).get('/late')).json()).toEqual({ userId: 11 })
})

test('R47: a predicate is not asked about a session or a value that is not there', async () => {
  isAdmin.mockClear()
  isLate.mockClear()
  const visitor = new Visitor(serve())
  await visitor.get('/admin')
  await visitor.get('/late')
  expect(isAdmin).not.toHaveBeenCalled()
  expect(isLate).not.toHaveBeenCalled()
})

test('R47: a predicate that answers a promise is awaited: a promise of false lets nobody in', async () => {
  expect((await (await visitAs({ userId: 7 })).get('/promised')).status).toBe(401)
})

test('R47: an action that answers in text refuses with 401 too where a session is required', async () => {
  expect((await new Visitor(serve()).get('/page')).status).toBe(401)
})

test('R47: the refusal of a required session reaches Koa without the default error handler: a SessionError, 401, no message', async () => {
  const app = serve(undefined, {}, false)
  const seen = jest.fn<void, [unknown]>()
  app.on('error', seen)
  const answer = await new Visitor(app).get('/session')
  expect([answer.status, answer.body]).toEqual([401, 'Unauthorized'])
  const [error] = seen.mock.calls[0]
  expect(error).toBeInstanceOf(SessionError)
  expect(error).toMatchObject({ code: 'ERR_SESSION_REQUIRED', status: 401, expose: false })
})
