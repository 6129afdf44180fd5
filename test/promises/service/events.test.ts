import type { Context } from 'koa'
import { MemoryStore, type RejectedSession, SessionService, type SessionOptions } from 'koa-session-service'
import { DefaultKoa, createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'
import { startClock, stopClock } from '../../support/clock'
import { everythingElse } from '../../support/races/interleave'

afterEach(startClock)

function signIn(ctx: Context): void {
  if (ctx.path === '/sign-in') ctx.session.name = 'ann'
  ctx.body = 'ok'
}

function open(options: SessionOptions = {}, KoaClass = DefaultKoa, handler = signIn) {
  const app = createApp(KoaClass)
  const sessions = new SessionService(app, { store: new MemoryStore(), signed: false, ...options })
  app.use(sessions.middleware())
  app.use(handler)
  return { sessions, visitor: new Visitor(app) }
}

async function visitUnknown(visitor: Visitor): Promise<void> {
  visitor.jar.values.set('koa.sess', 'unknown')
  await visitor.get()
  await everythingElse()
}

describe.each(Object.entries(KOA_VERSIONS))('%s', (_version, KoaClass) => {
  test('R4: on() hears of an id for which there is no record, with the id and the request', async () => {
    const { sessions, visitor } = open({}, KoaClass)
    const heard: RejectedSession[] = []
    sessions.on('missed', (detail) => heard.push(detail))
    await visitUnknown(visitor)
    expect(heard).toHaveLength(1)
    expect(heard[0]).toMatchObject({ key: 'unknown', value: undefined })
    expect(heard[0].ctx.path).toBe('/')
  })

  test('R4: on() hears of a session that is past its time, with its record', async () => {
    const { advance } = stopClock()
    const { sessions, visitor } = open({ ttl: 1e9, maxAge: 1000 }, KoaClass)
    const heard: RejectedSession[] = []
    sessions.on('expired', (detail) => heard.push(detail))
    await visitor.get('/sign-in')
    const id = visitor.jar.values.get('koa.sess')
    advance(1001)
    visitor.jar.values.set('koa.sess', id as string)
    await visitor.get()
    await everythingElse()
    expect(heard).toMatchObject([{ key: id, value: { name: 'ann' } }])
  })

  test('R4: on() hears of a session that the valid option refuses, with its record', async () => {
    const { sessions, visitor } = open({ valid: () => false }, KoaClass)
    const heard: RejectedSession[] = []
    sessions.on('invalid', (detail) => heard.push(detail))
    await visitor.get('/sign-in')
    const id = visitor.jar.values.get('koa.sess')
    await visitor.get()
    await everythingElse()
    expect(heard).toMatchObject([{ key: id, value: { name: 'ann' } }])
  })
})

test('R4: off() stops one listener and leaves the others', async () => {
  const { sessions, visitor } = open()
  const first = jest.fn()
  const second = jest.fn()
  expect(sessions.on('missed', first).on('missed', second).off('missed', first)).toBe(sessions)
  await visitUnknown(visitor)
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([0, 1])
})

test("R4: listeners are called after the request's own work", async () => {
  const order: string[] = []
  const { sessions, visitor } = open({}, undefined, () => void order.push('handler'))
  sessions.on('missed', () => order.push('listener'))
  await visitUnknown(visitor)
  expect(order).toEqual(['handler', 'listener'])
})

test('R15: an error of the commit is heard where there is a listener, and needs none', async () => {
  const failure = new Error('the store is down')
  const store = new MemoryStore()
  store.create = () => {
    throw failure
  }
  for (const listener of [jest.fn(), undefined]) {
    const { sessions, visitor } = open({ store }, undefined, (ctx) => {
      ctx.session.name = 'ann'
      ctx.throw(409)
    })
    if (listener) sessions.on('error', listener)
    expect((await visitor.get()).status).toBe(409)
    await everythingElse()
    if (listener)
      expect(listener.mock.calls).toMatchObject([[{ error: { code: 'ERR_SESSION_STORE', cause: failure } }]])
  }
})

test('R4: the names of events and what they tell are typed', () => {
  const { sessions } = open()
  // @ts-expect-error -- there is no such event
  sessions.on('mised', () => undefined)
  // @ts-expect-error -- `missed` tells nothing of an error
  sessions.on('missed', ({ error }) => error)
  sessions.on('headersSent', ({ lost }) => lost satisfies 'data' | 'id' | 'renewal' | 'removal')
  expect(sessions).toBeInstanceOf(SessionService)
})
