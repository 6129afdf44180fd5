import 'reflect-metadata'
import type { Context } from 'koa'
import session, { MemoryStore, type SessionOptions } from 'koa-session-service'
import { Session, SessionParam } from 'koa-session-service/routing-controllers'
import { Body, Ctx, Get, JsonController, Post, UseBefore, useKoaServer } from 'routing-controllers'
import { DefaultKoa, createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'
import { BACKENDS } from '../../support/backends/backends'

interface Cart {
  items?: string[]
  userId?: number
}

class Basket {
  items?: string[]
}

@JsonController()
class CartController {
  @Post('/add')
  add(@Session() session: Session<Cart>, @Body() { item }: { item: string }) {
    session.items = [...(session.items ?? []), item]
    return session.items
  }

  @Post('/basket')
  fill(@Session() basket: Basket, @Body() { item }: { item: string }) {
    basket.items = [...(basket.items ?? []), item]
    return basket.items
  }

  @Post('/push')
  push(@SessionParam('items') items: string[], @Body() { item }: { item: string }) {
    items.push(item)
    return items
  }

  @Get('/live')
  compare(@Session() session: Session, @Session() basket: Basket, @Ctx() ctx: Context) {
    return [session === ctx.session, (basket as unknown) === ctx.session, session.isNew]
  }

  @Get('/keys')
  keys(@SessionParam('items') items: string[] | undefined) {
    return { items: items ?? 'none' }
  }

  @Get('/unset')
  unset(@SessionParam('save') save: unknown, @SessionParam('constructor') constructor: unknown) {
    return [typeof save, typeof constructor]
  }

  @Get('/logged-out')
  @UseBefore((ctx: Context, next: () => Promise<unknown>) => {
    ctx.session = null
    return next()
  })
  loggedOut(@Session() session: Session | null, @SessionParam('items') items: unknown) {
    return [session === null, items === undefined]
  }
}

function visit(options: SessionOptions, KoaClass = DefaultKoa): Visitor {
  const app = createApp(KoaClass)
  app.use(session(options, app))
  useKoaServer(app, { controllers: [CartController] })
  return new Visitor(app)
}

const CASES = Object.entries(KOA_VERSIONS).flatMap(([version, KoaClass]) =>
  BACKENDS.map(({ name, options }) => [`${version}, ${name}`, KoaClass, options] as const),
)

describe.each(CASES)('%s', (_name, KoaClass, options) => {
  test('R47: @Session() hands over the live session: what a handler writes is there in the next request', async () => {
    const visitor = visit(options(), KoaClass)
    await visitor.post('/add', { item: 'tea' })
    expect((await visitor.post('/add', { item: 'cup' })).json()).toEqual(['tea', 'cup'])
  })

  test('R47: a parameter whose type is a class gets the live session too, not a copy', async () => {
    const visitor = visit(options(), KoaClass)
    await visitor.post('/basket', { item: 'tea' })
    expect((await visitor.post('/basket', { item: 'cup' })).json()).toEqual(['tea', 'cup'])
  })

  test('R47: @Session() is ctx.session itself', async () => {
    expect((await visit(options(), KoaClass).get('/live')).json()).toEqual([true, true, true])
  })

  test("R47: @SessionParam('key') hands over the value of the key", async () => {
    const visitor = visit(options(), KoaClass)
    expect((await visitor.get('/keys')).json()).toEqual({ items: 'none' })
    await visitor.post('/add', { item: 'tea' })
    expect((await visitor.get('/keys')).json()).toEqual({ items: ['tea'] })
  })

  test("R47: the value of @SessionParam('key') is live: what is changed inside it is saved", async () => {
    const visitor = visit(options(), KoaClass)
    await visitor.post('/add', { item: 'tea' })
    await visitor.post('/push', { item: 'cup' })
    expect((await visitor.get('/keys')).json()).toEqual({ items: ['tea', 'cup'] })
  })

  test('R47: after a logout in the same request, @Session() is null and its keys are undefined', async () => {
    const visitor = visit(options(), KoaClass)
    await visitor.post('/add', { item: 'tea' })
    expect((await visitor.get('/logged-out')).json()).toEqual([true, true])
    expect((await visitor.get('/live')).json()).toEqual([true, true, true])
  })
})

test('R47: Session is the decorator and the type in one import, and the type may stand in decorated signatures', () => {
  const types = Reflect.getMetadata('design:paramtypes', CartController.prototype, 'add') as unknown[]
  expect(types[0]).toBe(Session)
})

test('R47: a key that nobody has set is undefined in @SessionParam, also where the session has a method of that name', async () => {
  const visitor = visit({ store: new MemoryStore() })
  await visitor.post('/add', { item: 'tea' })
  expect((await visitor.get('/unset')).json()).toEqual(['undefined', 'undefined'])
})
