import 'reflect-metadata'
import type { Context } from 'koa'
import type Koa from 'koa'
import { SessionError, SessionService, type MemoryStore } from 'koa-session-service'
import { Session, SessionParam } from 'koa-session-service/routing-controllers'
import { useSessions } from 'koa-session-service/typedi'
import { Body, Ctx, Get, JsonController, Post, useContainer, useKoaServer } from 'routing-controllers'
import { Container, Service } from 'typedi'
import { DefaultKoa, createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'
import { spyOnMemory } from '../../support/spies/spy-on'

interface Visit {
  name?: string
}

interface AdminVisit extends Visit {
  level?: number
}

class AdminSessions extends SessionService<AdminVisit> {}

@Service()
@JsonController()
class AccountController {
  constructor(
    private readonly sessions: SessionService<Visit>,
    private readonly admins: AdminSessions,
  ) {}

  @Post('/sign-in')
  signIn(@Session() session: Session<Visit>, @Body() { name }: Visit) {
    session.name = name
    return {}
  }

  @Post('/admin/sign-in')
  adminSignIn(@Session({ from: AdminSessions }) session: Session<AdminVisit>, @Body() { name, level }: AdminVisit) {
    Object.assign(session, { name, level })
    return {}
  }

  @Get('/names')
  names(
    @SessionParam('name') name = 'nobody',
    @SessionParam('name', { from: AdminSessions }) admin = 'nobody',
    @SessionParam('level', { from: AdminSessions }) level = 0,
  ) {
    return { name, admin, level }
  }

  @Get('/targets')
  targets(@Session() session: Session, @Session({ from: AdminSessions }) admin: Session, @Ctx() ctx: Context) {
    const own = (ctx as unknown as { admin: unknown }).admin
    return [
      session === ctx.session,
      admin === own,
      SessionService.of(ctx) === this.sessions,
      AdminSessions.of(ctx) === this.admins,
    ]
  }

  @Get('/admin')
  admin(@Session({ from: AdminSessions, required: true }) session: Session<AdminVisit>) {
    return session.toJSON()
  }

  @Post('/sign-out')
  async signOut() {
    await this.sessions.destroy()
    return {}
  }

  @Post('/admin/sign-out')
  async adminSignOut() {
    await this.admins.destroy()
    return {}
  }

  @Post('/regenerate')
  async regenerate() {
    await this.sessions.regenerate()
    return {}
  }

  @Post('/fail')
  fail(@Session() session: Session<Visit>, @Session({ from: AdminSessions }) admin: Session<AdminVisit>) {
    session.name = admin.name = 'both'
    throw new Error('no')
  }
}

type Order = 'the plain service first' | 'the named service first'

function open(KoaClass: typeof Koa, order: Order) {
  const app = createApp(KoaClass)
  const stores = { main: spyOnMemory(), admin: spyOnMemory() }
  const install = {
    main: () => useSessions(app, { store: stores.main.store }),
    admin: () =>
      useSessions<AdminVisit>(
        app,
        { store: stores.admin.store, key: 'admin', property: 'admin', path: '/' },
        AdminSessions,
      ),
  }
  if (order === 'the plain service first') install.main()
  install.admin()
  if (order === 'the named service first') install.main()
  useContainer(Container)
  useKoaServer(app, { controllers: [AccountController], defaultErrorHandler: false })
  return { app, stores, visitor: new Visitor(app) }
}

const CASES = Object.entries(KOA_VERSIONS).flatMap(([version, KoaClass]): [string, typeof Koa, Order][] => [
  [`${version}, the plain service first`, KoaClass, 'the plain service first'],
  [`${version}, the named service first`, KoaClass, 'the named service first'],
])

afterEach(() => void Container.reset())

describe.each(CASES)('%s', (_name, KoaClass, order) => {
  async function signedInTwice() {
    const server = open(KoaClass, order)
    await server.visitor.post('/sign-in', { name: 'ann' })
    await server.visitor.post('/admin/sign-in', { name: 'root', level: 3 })
    return server
  }

  test('R51: each decorator target, and each injected service, of two named services is its own session', async () => {
    const { visitor } = open(KoaClass, order)
    expect((await visitor.get('/targets')).json()).toEqual([true, true, true, true])
  })

  test('R51: each of two named services has its own data, cookie and store', async () => {
    const { visitor, stores } = await signedInTwice()
    expect((await visitor.get('/names')).json()).toEqual({ name: 'ann', admin: 'root', level: 3 })
    expect([...visitor.jar.values.keys()].sort()).toEqual(['admin', 'admin.sig', 'koa.sess', 'koa.sess.sig'])
    const idIn = ({ records }: { records: MemoryStore }, name: string) =>
      records.get(visitor.jar.values.get(name) as string)
    expect(idIn(stores.main, 'koa.sess')).toMatchObject({ name: 'ann' })
    expect(idIn(stores.admin, 'admin')).toMatchObject({ name: 'root' })
    expect([stores.main.records.size, stores.admin.records.size]).toEqual([1, 1])
  })

  test('R51: "required" asks the session of the service that is named', async () => {
    const { visitor } = open(KoaClass, order)
    await visitor.post('/sign-in', { name: 'ann' })
    expect((await visitor.get('/admin')).status).toBe(401)
    await visitor.post('/admin/sign-in', { name: 'root' })
    expect((await visitor.get('/admin')).json()).toEqual({ name: 'root' })
  })

  test.each([
    ['/sign-out', { name: 'nobody', admin: 'root', level: 3 }],
    ['/admin/sign-out', { name: 'ann', admin: 'nobody', level: 0 }],
  ])('R51: %s ends the session of one service, and leaves the other alone', async (path, names) => {
    const { visitor } = await signedInTwice()
    await visitor.post(path)
    expect((await visitor.get('/names')).json()).toEqual(names)
  })

  test('R51: regenerate() moves one session, and leaves the other one where it is', async () => {
    const { visitor } = await signedInTwice()
    const before = new Map(visitor.jar.values)
    await visitor.post('/regenerate')
    expect(visitor.jar.values.get('koa.sess')).not.toBe(before.get('koa.sess'))
    expect(visitor.jar.values.get('admin')).toBe(before.get('admin'))
    expect((await visitor.get('/names')).json()).toEqual({ name: 'ann', admin: 'root', level: 3 })
  })

  test('R51, R14: the cookies of both services are on the error response where an action throws', async () => {
    const { visitor } = open(KoaClass, order)
    const { status, setCookie } = await visitor.post('/fail')
    expect(status).toBe(500)
    expect(setCookie.map((line) => line.split('=')[0]).sort()).toEqual([
      'admin',
      'admin.sig',
      'koa.sess',
      'koa.sess.sig',
    ])
    expect((await visitor.get('/names')).json()).toMatchObject({ name: 'both', admin: 'both' })
  })
})

test('R51, R46: in two apps, each of the injected services finds its own kind in the app of its request', async () => {
  const [first, second] = [open(DefaultKoa, 'the plain service first'), open(DefaultKoa, 'the named service first')]
  for (const { visitor } of [first, second]) {
    await visitor.post('/sign-in', { name: 'ann' })
    await visitor.post('/admin/sign-in', { name: 'root' })
    await visitor.post('/admin/sign-out')
    expect((await visitor.get('/names')).json()).toEqual({ name: 'ann', admin: 'nobody', level: 0 })
  }
  for (const { stores } of [first, second]) {
    expect([stores.main.records.size, stores.admin.records.size]).toEqual([1, 0])
  }
})

test.each([{ key: 'admin' }, { property: 'admin' }, {}])(
  'R51, D7: two services that differ by %j alone clash',
  (options) => {
    const app = createApp()
    useSessions(app)
    expect(() => useSessions(app, options, AdminSessions)).toThrow(
      expect.objectContaining({
        code: 'ERR_SESSION_CLASH',
        message: expect.stringMatching(/"key".*"property"/) as string,
      }),
    )
  },
)

test('R51: a service that extends SessionService, and is the only one, is the one that @Session() means', async () => {
  const app = createApp()
  useSessions<AdminVisit>(app, {}, AdminSessions)
  Container.set({ id: SessionService, value: Container.get(AdminSessions), global: true })
  useContainer(Container)
  useKoaServer(app, { controllers: [AccountController], defaultErrorHandler: false })
  const visitor = new Visitor(app)
  await visitor.post('/sign-in', { name: 'ann' })
  expect((await visitor.get('/names')).json()).toEqual({ name: 'ann', admin: 'ann', level: 0 })
})

test('R51: SessionService.of() is the plain service, whatever its property is', async () => {
  const app = createApp()
  useSessions(app, { key: 'admin', property: 'admin' }, AdminSessions)
  const plain = useSessions(app, { key: 'visitor', property: 'visitor' })
  app.use((ctx) => (ctx.body = { isPlain: SessionService.of(ctx) === plain }))
  expect((await new Visitor(app).get()).json()).toEqual({ isPlain: true })
})

test('R51: SessionService.of() throws where the app has no such service', async () => {
  const app = createApp()
  useSessions(app)
  const errors: unknown[] = []
  app.on('error', (error) => errors.push(error))
  app.use((ctx) => void AdminSessions.of(ctx))
  await new Visitor(app).get()
  expect(errors[0]).toBeInstanceOf(SessionError)
  expect(errors[0]).toMatchObject({
    code: 'ERR_SESSION_NO_MIDDLEWARE',
    message: expect.stringMatching(/AdminSessions/) as string,
  })
})
