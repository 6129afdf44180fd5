import type { Context } from 'koa'
import { BACKENDS } from '../../support/backends'
import { startClock, stopClock } from '../../support/clock'
import { cookieOf, cookieText } from '../../support/set-cookie'
import { createSite, nextTurn, type Handlers } from '../../support/site'

const ONE_DAY = 86_400_000

describe.each(BACKENDS)('events with $name', ({ options, hasIds }) => {
  const contexts: Context[] = []
  const handlers: Handlers = {
    '/login': (ctx) => (ctx.session.user = 'alice'),
    '/read': (ctx) => {
      contexts.push(ctx)
      ctx.body = { session: ctx.session }
    },
  }
  let clock: ReturnType<typeof stopClock>
  beforeEach(() => (clock = stopClock()))
  afterEach(startClock)

  test('R4: session:expired tells the key, the record and the context', async () => {
    const { visitor, events } = createSite(options(), handlers)
    const { value } = cookieOf(await visitor.get('/login'))
    const record = { user: 'alice', _expire: Date.now() + ONE_DAY, _maxAge: ONE_DAY }
    clock.advance(ONE_DAY + 1)
    expect((await visitor.get('/read')).json()).toEqual({ session: {} })
    await nextTurn()
    expect(events).toEqual([
      {
        name: 'expired',
        detail: expect.objectContaining({ key: hasIds ? value : undefined, value: record }),
      },
      ...(hasIds ? [{ name: 'ended', detail: expect.objectContaining({ reason: 'maxAge' }) }] : []),
    ])
    expect(events[0]?.detail.ctx).toBe(contexts.at(-1))
  })

  test('R4: session:invalid tells the key, the record and the context', async () => {
    const { visitor, events } = createSite({ ...options(), valid: () => false }, handlers)
    const { value } = cookieOf(await visitor.get('/login'))
    await visitor.get('/read')
    await nextTurn()
    const record = { user: 'alice', _expire: Date.now() + ONE_DAY, _maxAge: ONE_DAY }
    expect(events).toEqual([
      {
        name: 'invalid',
        detail: expect.objectContaining({ key: hasIds ? value : undefined, value: record }),
      },
    ])
    expect(events[0]?.detail.ctx).toBe(contexts.at(-1))
  })

  test('R4: session:missed tells the key and the context', async () => {
    const { visitor, events } = createSite({ ...options(), signed: false }, handlers)
    const token = hasIds ? 'no-such-id' : cookieText('null')
    visitor.jar.values.set('koa.sess', token)
    expect((await visitor.get('/read')).json()).toEqual({ session: {} })
    await nextTurn()
    expect(events).toEqual([{ name: 'missed', detail: expect.objectContaining({ key: hasIds ? token : undefined }) }])
    expect(events[0]?.detail.value).toBeUndefined()
    expect(events[0]?.detail.ctx).toBe(contexts.at(-1))
  })

  test('R4: a visitor without a cookie, and one with a good one, cause none', async () => {
    const { visitor, eventNames } = createSite(options(), handlers)
    await visitor.get('/read')
    await visitor.get('/login')
    await visitor.get('/read')
    expect(await eventNames()).toEqual([])
  })

  test('R4: the service’s own listeners hear what the app hears, until they stop', async () => {
    const { visitor, sessions, events } = createSite({ ...options(), valid: () => false }, handlers)
    const listener = jest.fn()
    sessions.on('invalid', listener)
    await visitor.get('/login')
    await visitor.get('/read')
    await nextTurn()
    expect(listener.mock.calls).toEqual([[events[0]?.detail]])
    sessions.off('invalid', listener)
    await visitor.get('/read')
    await nextTurn()
    expect(listener).toHaveBeenCalledTimes(1)
    expect(events).toHaveLength(2)
  })
})
