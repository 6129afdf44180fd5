import type Koa from 'koa'
import bodyParser from 'koa-bodyparser'
import passport from 'koa-passport'
import koaSession from 'koa-session'
import session, { type SessionOptions } from 'koa-session-service'
import { Strategy } from 'passport-local'
import { createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'
import { BACKENDS, backendsWith, PlainStore } from '../../support/backends/backends'

type Library = (options: SessionOptions, app: Koa) => Koa.Middleware

const ALICE = { username: 'alice', password: 'wonderland' }

/** An app as koa-passport's own example has it. */
function visit(options: SessionOptions, library: Library = session, KoaClass?: typeof Koa): Visitor {
  const app = createApp(KoaClass)
  const guard = new passport.KoaPassport()
  guard.serializeUser((user, done) => done(null, (user as typeof ALICE).username))
  guard.deserializeUser((username, done) => done(null, username === ALICE.username ? { username } : false))
  guard.use(
    new Strategy((username, password, done) =>
      done(null, username === ALICE.username && password === ALICE.password ? ALICE : false),
    ),
  )
  app.use(library(options, app))
  app.use(bodyParser())
  app.use(guard.initialize())
  app.use(guard.session())
  app.use(async (ctx, next) => {
    if (ctx.path === '/login')
      return guard.authenticate('local', { successRedirect: '/', failureRedirect: '/no' })(ctx, next)
    if (ctx.path === '/logout') await ctx.logout()
    if (ctx.path === '/basket') ctx.session.basket = ['tea']
    ctx.body = { user: (ctx.state.user as typeof ALICE | undefined)?.username, basket: ctx.session.basket }
  })
  return new Visitor(app)
}

const CASES = BACKENDS.flatMap((backend) =>
  Object.entries(KOA_VERSIONS).map(([version, KoaClass]) => ({ ...backend, version, KoaClass })),
)

describe.each(CASES)('koa-passport on $version with a $name', ({ options, KoaClass }) => {
  test('R7: a visitor who signs in with koa-passport stays signed in, and keeps the basket', async () => {
    const visitor = visit(options(), session, KoaClass)
    await visitor.get('/basket')
    const answer = await visitor.post('/login', ALICE)
    expect([answer.status, answer.headers.location]).toEqual([302, '/'])
    expect((await visitor.get()).json()).toEqual({ user: 'alice', basket: ['tea'] })
    expect((await visitor.get()).json()).toEqual({ user: 'alice', basket: ['tea'] })
  })

  test('R7: a wrong password signs nobody in with koa-passport', async () => {
    const visitor = visit(options(), session, KoaClass)
    const answer = await visitor.post('/login', { ...ALICE, password: 'looking-glass' })
    expect(answer.headers.location).toBe('/no')
    expect((await visitor.get()).json()).toEqual({})
  })

  test('R7: a visitor who signs out with koa-passport is signed out', async () => {
    const visitor = visit(options(), session, KoaClass)
    await visitor.post('/login', ALICE)
    await visitor.get('/logout')
    expect((await visitor.get()).json()).toEqual({})
  })
})

describe.each(backendsWith({ hasIds: true }))('koa-passport with a $name', ({ options }) => {
  test('R7: a sign-in with koa-passport rotates the id, and the old one is dead', async () => {
    const visitor = visit(options())
    await visitor.get('/basket')
    const before = visitor.jar.copy()
    await visitor.post('/login', ALICE)
    expect(visitor.jar.header).not.toBe(before.header)
    expect((await visitor.get('/', { cookie: before.header })).json()).toEqual({})
  })

  test('R7: a sign-out with koa-passport rotates the id, and the old one is dead', async () => {
    const visitor = visit(options())
    await visitor.post('/login', ALICE)
    const before = visitor.jar.copy()
    await visitor.get('/logout')
    expect(visitor.jar.header).not.toBe(before.header)
    expect((await visitor.get('/', { cookie: before.header })).json()).toEqual({})
  })
})

test.each([
  { name: 'signed cookie', options: (): SessionOptions => ({}) },
  { name: 'plain store', options: (): SessionOptions => ({ store: new PlainStore() }) },
])('R7: koa-passport sees no difference from koa-session: $name', async ({ options }) => {
  const flow = async (visitor: Visitor) => {
    const answers = [
      await visitor.get(),
      await visitor.get('/basket'),
      await visitor.post('/login', { ...ALICE, password: '' }),
      await visitor.post('/login', ALICE),
      await visitor.get(),
      await visitor.get('/logout'),
      await visitor.get(),
    ]
    return answers.map(({ status, body, setCookie }) => [status, body, setCookie.length])
  }
  const theirs = await flow(visit(options(), koaSession as Library))
  expect(await flow(visit(options()))).toEqual(theirs)
})
