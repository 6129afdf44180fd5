import 'reflect-metadata'
import type { Context } from 'koa'
import type Koa from 'koa'
import { SessionService, type SessionOptions } from 'koa-session-service'
import { Session } from 'koa-session-service/routing-controllers'
import {
  type Action,
  Authorized,
  CurrentUser,
  Get,
  HeaderParam,
  Interceptor,
  type InterceptorInterface,
  JsonController,
  type KoaMiddlewareInterface,
  Middleware,
  Post,
  UseBefore,
} from 'routing-controllers'
import { KOA_VERSIONS, Visitor } from '../../support/app/app'
import { createServer } from '../../support/app/controllers'
import { spyOnMemory } from '../../support/spies/spy-on'

interface User {
  name?: string
  roles?: string[]
}

/** Every Action object and every session that the current test has met. */
const met: { actions: Action[]; sessions: unknown[] } = { actions: [], sessions: [] }

async function sessionOf(ctx: Context): Promise<Session & User> {
  const session = (await SessionService.of(ctx).load(ctx)) as Session & User
  met.sessions.push(session)
  return session
}

async function authorizationChecker(action: Action, roles: string[]): Promise<boolean> {
  met.actions.push(action)
  const session = await sessionOf(action.context as Context)
  return roles.every((role) => session.roles?.includes(role))
}

async function currentUserChecker(action: Action): Promise<string | undefined> {
  met.actions.push(action)
  return (await sessionOf(action.context as Context)).name
}

function note(...entries: string[]): (session: Session) => void {
  return (session) => (session.trail = [...((session.trail as string[]) ?? []), ...entries])
}

@Interceptor()
class NotingInterceptor implements InterceptorInterface {
  async intercept(action: Action, content: object): Promise<object> {
    met.actions.push(action)
    const session = await sessionOf(action.context as Context)
    note('interceptor')(session)
    return { ...content, name: session.name }
  }
}

@Middleware({ type: 'before' })
class NotingBefore implements KoaMiddlewareInterface {
  async use(ctx: Context, next: () => Promise<unknown>): Promise<void> {
    note('before')(await sessionOf(ctx))
    await next()
    note('way back')(await sessionOf(ctx))
  }
}

@Middleware({ type: 'after' })
class NotingAfter implements KoaMiddlewareInterface {
  async use(ctx: Context, next: () => Promise<unknown>): Promise<void> {
    note('after')(await sessionOf(ctx))
    await next()
  }
}

class OneActionOnly implements KoaMiddlewareInterface {
  async use(ctx: Context, next: () => Promise<unknown>): Promise<void> {
    note('one action')(await sessionOf(ctx))
    await next()
  }
}

@JsonController()
class UserController {
  @Post('/sign-in')
  signIn(@Session() session: Session<User>, @HeaderParam('name') name: string, @HeaderParam('role') role: string) {
    Object.assign(session, { name, roles: [role] })
    return {}
  }

  @Get('/members')
  @Authorized()
  members() {
    return {}
  }

  @Get('/admin')
  @Authorized('admin')
  @UseBefore(OneActionOnly)
  admin(@CurrentUser({ required: true }) user: string, @Session() session: Session) {
    met.sessions.push(session)
    return { user }
  }

  @Get('/me')
  me(@CurrentUser({ required: true }) user: string) {
    return { user }
  }

  @Get('/trail')
  trail(@Session() session: Session) {
    return { trail: session.trail }
  }
}

function serve(KoaClass: typeof Koa, session: SessionOptions): Koa {
  return createServer({
    KoaClass,
    session,
    controllers: [UserController],
    middlewares: [NotingBefore, NotingAfter],
    interceptors: [NotingInterceptor],
    authorizationChecker,
    currentUserChecker,
  })
}

async function signedIn(app: Koa, role: string): Promise<Visitor> {
  const visitor = new Visitor(app)
  await visitor.post('/sign-in', undefined, { name: 'ann', role })
  met.actions.length = met.sessions.length = 0
  return visitor
}

const CASES = Object.entries(KOA_VERSIONS).flatMap(
  ([version, KoaClass]): [string, typeof Koa, () => SessionOptions][] => [
    [`${version}, cookie`, KoaClass, () => ({})],
    [`${version}, store`, KoaClass, () => ({ store: spyOnMemory().store })],
    [`${version}, lazy store`, KoaClass, () => ({ store: spyOnMemory().store, lazy: true })],
  ],
)

describe.each(CASES)('%s', (_name, KoaClass, options) => {
  test('R47: authorizationChecker can decide by the session', async () => {
    const app = serve(KoaClass, options())
    expect((await (await signedIn(app, 'user')).get('/admin')).status).toBe(403)
    expect((await (await signedIn(app, 'admin')).get('/admin')).json()).toMatchObject({ user: 'ann' })
  })

  test('R47: currentUserChecker can find the user in the session', async () => {
    const app = serve(KoaClass, options())
    expect((await (await signedIn(app, 'user')).get('/me')).json()).toMatchObject({ user: 'ann' })
    expect((await new Visitor(app).get('/me')).status).toBe(401)
  })

  test('R47: interceptors and class middlewares can read the session and write to it', async () => {
    const app = serve(KoaClass, options())
    const visitor = await signedIn(app, 'admin')
    expect((await visitor.get('/admin')).json()).toEqual({ user: 'ann', name: 'ann' })
    const { trail } = (await visitor.get('/trail')).json<{ trail: string[] }>()
    const first = ['before', 'interceptor', 'after', 'way back']
    const second = ['before', 'one action', 'interceptor', 'after', 'way back']
    expect(trail).toEqual([...first, ...second, 'before'])
  })

  test('R47: the Action object differs within a request, and the session does not', async () => {
    const visitor = await signedIn(serve(KoaClass, options()), 'admin')
    await visitor.get('/admin')
    expect(new Set(met.actions).size).toBe(2)
    expect(met.sessions).toHaveLength(8)
    expect(new Set(met.sessions).size).toBe(1)
  })
})

test.each(Object.entries(KOA_VERSIONS))(
  'R48: the store is read once with %s, however many of what surrounds an action ask for the session',
  async (_, KoaClass) => {
    const { store, names, take } = spyOnMemory()
    const visitor = await signedIn(serve(KoaClass, { store, lazy: true }), 'admin')
    take()
    await visitor.get('/admin')
    expect(names).toEqual(['read', 'replace'])
  },
)
