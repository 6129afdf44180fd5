import 'reflect-metadata'
import type { Context } from 'koa'
import type Koa from 'koa'
import { SessionService, type SessionOptions } from 'koa-session-service'
import { Session, SessionParam } from 'koa-session-service/routing-controllers'
import { Ctx, Get, JsonController, Post, useKoaServer } from 'routing-controllers'
import { createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'
import { spyOnMemory } from '../../support/spies/spy-on'

@JsonController()
class ViewsController {
  @Post('/count')
  count(@Session() session: Session) {
    session.views = (session.views ?? 0) + 1
    return { views: session.views }
  }

  @Get('/nothing')
  nothing() {
    return {}
  }

  @Get('/three')
  three(@Session() session: Session, @SessionParam('views') views: number, @SessionParam('views') same: number) {
    return [session.views, views, same]
  }

  @Get('/too-early')
  tooEarly(@Ctx() ctx: Context) {
    return { views: ctx.session.views }
  }

  @Post('/overwrite')
  overwrite(@Ctx() ctx: Context) {
    ctx.session = { views: 100 }
    return {}
  }

  @Post('/log-out')
  logOut(@Ctx() ctx: Context) {
    ctx.session = null
    return { isNull: ctx.session === null }
  }

  @Get('/awaited')
  async awaited(@Ctx() ctx: Context) {
    await SessionService.of(ctx).load(ctx)
    return { views: ctx.session.views }
  }
}

async function returningVisitor(KoaClass: typeof Koa, options: SessionOptions = {}) {
  const app = createApp(KoaClass)
  const { store, names, take, records } = spyOnMemory()
  app.use(new SessionService(app, { store, lazy: true, ...options }).middleware())
  useKoaServer(app, { controllers: [ViewsController], defaultErrorHandler: false })
  const visitor = new Visitor(app)
  await visitor.post('/count')
  take()
  return { app, visitor, names, records }
}

async function errorOf(app: Koa, work: () => Promise<unknown>): Promise<unknown> {
  const seen = jest.fn<void, [unknown]>()
  app.on('error', seen)
  await work()
  return seen.mock.calls[0]?.[0]
}

const NOT_LOADED = {
  code: 'ERR_SESSION_NOT_LOADED',
  message: expect.stringMatching(/await sessions\.load\(ctx\)/) as string,
}

describe.each(Object.entries(KOA_VERSIONS))('%s', (_version, KoaClass) => {
  test('R48: a handler without a session parameter causes no store call', async () => {
    const { visitor, names } = await returningVisitor(KoaClass)
    expect((await visitor.get('/nothing')).status).toBe(200)
    expect(names).toEqual([])
  })

  test('R48: a handler with three session parameters causes one store call', async () => {
    const { visitor, names } = await returningVisitor(KoaClass)
    expect((await visitor.get('/three')).json()).toEqual([1, 1, 1])
    expect(names).toEqual(['read'])
  })

  test('R48: what a handler writes to its parameter is saved', async () => {
    const { visitor, names } = await returningVisitor(KoaClass)
    expect((await visitor.post('/count')).json()).toEqual({ views: 2 })
    expect(names).toEqual(['read', 'replace'])
  })

  test('R48: reading ctx.session before it was loaded throws, and says what to await', async () => {
    const { app, visitor, names } = await returningVisitor(KoaClass)
    expect(await errorOf(app, () => visitor.get('/too-early'))).toMatchObject(NOT_LOADED)
    expect(names).toEqual([])
  })

  test('R48: awaiting what the error of an unread ctx.session says is all that it takes', async () => {
    const { visitor, names } = await returningVisitor(KoaClass)
    expect((await visitor.get('/awaited')).json()).toEqual({ views: 1 })
    expect(names).toEqual(['read'])
  })

  test('R48: setting ctx.session to other data before it was loaded throws too, and nothing is lost', async () => {
    const { app, visitor } = await returningVisitor(KoaClass)
    expect(await errorOf(app, () => visitor.post('/overwrite'))).toMatchObject(NOT_LOADED)
    expect((await visitor.get('/three')).json()).toEqual([1, 1, 1])
  })

  test('R48: a logout needs no loading: the record is read for it, and then destroyed', async () => {
    const { visitor, names, records } = await returningVisitor(KoaClass)
    expect((await visitor.post('/log-out')).json()).toEqual({ isNull: true })
    expect(names).toEqual(['read', 'destroy'])
    expect(records.size).toBe(0)
  })

  test('R48: the session is read before the handler without lazy', async () => {
    const { visitor, names } = await returningVisitor(KoaClass, { lazy: false })
    expect((await visitor.get('/too-early')).json()).toEqual({ views: 1 })
    expect(names).toEqual(['read'])
  })

  test('R48: the session in a cookie needs no waiting with lazy: ctx.session can be read at once', async () => {
    const { visitor } = await returningVisitor(KoaClass, { store: undefined })
    expect((await visitor.get('/too-early')).json()).toEqual({ views: 1 })
  })
})
