import type { Context } from 'koa'
import { MemoryStore, type Session, SessionService } from 'koa-session-service'
import { session } from 'koa-session-service/decorators'
import { fakeContext, visit } from 'koa-session-service/testing'
import { createApp } from '../../support/app/app'
import { type Data, MODES } from './modes'

function createSessions(options: ConstructorParameters<typeof SessionService<Data>>[1]): SessionService<Data> {
  return new SessionService<Data>(createApp(), options)
}

/** The session where the options have put it. */
function sessionOf(ctx: Context, { options }: SessionService<Data>): Session<Data> {
  return (ctx as unknown as Record<string, Session<Data>>)[options.property]
}

describe.each(MODES)('$name', ({ options }) => {
  test('R81: a made context has the session, stored and loaded, behind the middleware', async () => {
    const sessions = createSessions(options())
    const ctx = await fakeContext(sessions, { userId: 'ada' })
    expect(sessionOf(ctx, sessions).toJSON()).toEqual({ userId: 'ada' })
    expect(sessionOf(ctx, sessions).isNew).toBe(false)
    expect(sessions.hasMiddleware(ctx)).toBe(true)
    expect(ctx.app).toBe(sessions.app)
  })

  test('R81: the verbs work on a made context', async () => {
    const sessions = createSessions(options())
    const ctx = await fakeContext(sessions, { userId: 'ada' })
    await sessions.update((data) => (data.items = ['tea']), ctx)
    expect(sessionOf(ctx, sessions).items).toEqual(['tea'])
    await sessions.destroy(ctx)
    expect(sessionOf(ctx, sessions)).toBeNull()
  })

  test("R81: a made context without data has a stranger's session", async () => {
    const sessions = createSessions(options())
    const ctx = await fakeContext(sessions)
    expect(sessionOf(ctx, sessions).isNew).toBe(true)
  })

  test('R81: run() makes a whole request: it commits, and keeps the cookies', async () => {
    const sessions = createSessions({ ...options(), asyncLocalStorage: true })
    const ada = await visit(sessions, { userId: 'ada' })
    const answer = await ada.run(async () => {
      await sessions.update((data) => (data.items = ['tea']))
      return sessions.context.method
    })
    expect(answer).toBe('GET')
    await ada.run(() => sessions.regenerate())
    expect(await ada.session()).toEqual({ userId: 'ada', items: ['tea'] })
  })
})

test('R81: data that run() does not write by a verb are committed at its end', async () => {
  const sessions = createSessions({ store: new MemoryStore() })
  const ada = await visit(sessions, { userId: 'ada' })
  await ada.run((ctx) => Object.assign(ctx.session, { userId: 'grace' }))
  expect(await ada.session()).toEqual({ userId: 'grace' })
})

test('R81: run() fails as its work does, and keeps the cookies that it has set', async () => {
  const sessions = createSessions({ store: new MemoryStore() })
  const ada = await visit(sessions, { userId: 'ada' })
  const failure = new Error('no')
  const failing = ada.run(async (ctx) => {
    await sessions.regenerate({}, ctx)
    throw failure
  })
  await expect(failing).rejects.toBe(failure)
  expect(await ada.session()).toEqual({ userId: 'ada' })
})

test('R81: a request can be another one than the visitor’s first', async () => {
  const sessions = createSessions({})
  const ada = await visit(sessions, { userId: 'ada' }, { url: 'https://shop.example/start' })
  const seen = await ada.run((ctx) => [ctx.method, ctx.href, ctx.query.page], { method: 'POST', url: '/cart?page=2' })
  expect(seen).toEqual(['POST', 'https://shop.example/cart?page=2', '2'])
  const ctx = await fakeContext(sessions, {}, { method: 'PUT', url: 'https://shop.example/cart' })
  expect([ctx.method, ctx.path, ctx.secure]).toEqual(['PUT', '/cart', true])
})

test('R81: the body of a made request is an empty one', async () => {
  const ctx = await fakeContext(createSessions({}), {}, { method: 'POST' })
  const chunks: unknown[] = []
  for await (const chunk of ctx.req) chunks.push(chunk)
  expect(chunks).toEqual([])
})

test('R80, R81: decorated classes are tested with run()', async () => {
  class Carts {
    declare userId: string
  }
  const { get } = session('userId', { required: true })(Carts.prototype, 'userId') as unknown as PropertyDescriptor
  Object.defineProperty(Carts.prototype, 'userId', { get })
  const sessions = createSessions({ asyncLocalStorage: true })
  const carts = new Carts()
  expect(await (await visit(sessions, { userId: 'ada' })).run(() => carts.userId)).toBe('ada')
  const stranger = await visit(sessions)
  await expect(stranger.run(() => carts.userId)).rejects.toMatchObject({ status: 401 })
})

test('R81: an error of opening the session is one of fakeContext()', async () => {
  const failure = new Error('no')
  const valid = (): never => {
    throw failure
  }
  const sessions = createSessions({ valid, store: new MemoryStore() })
  await expect(fakeContext(sessions, { userId: 'ada' })).rejects.toBe(failure)
})
