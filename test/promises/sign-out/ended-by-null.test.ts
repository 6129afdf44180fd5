import type { Context } from 'koa'
import { MemoryStore } from 'koa-session-service'
import { Visitor } from '../../support/app/app'
import { BACKENDS, backendsWith, PlainStore } from '../../support/backends/backends'
import { startClock, stopClock } from '../../support/clock'
import { createSessionApp } from '../../support/app/session-app'
import { deferred } from '../../support/races/interleave'
import { interceptStore } from '../../support/spies/intercept'
import { cookieNames, cookieOf } from '../../support/set-cookie'
import { createSite, sessionOf, type Handlers } from '../../support/app/site'
import { spyOn } from '../../support/spies/spy-on'

// A test that fails leaves no clock stopped behind it.
afterEach(startClock)

const HANDLERS: Handlers = {
  '/login': (ctx) => (ctx.session.user = 'alice'),
  '/logout': (ctx) => (ctx.session = null),
  '/switch': (ctx) => {
    ctx.session = null
    ctx.session = { user: 'bob' }
  },
}

describe.each(BACKENDS)('null with $name', ({ options, cookies }) => {
  test('D2: null, then an object, makes a session of that object alone', async () => {
    const { visitor } = createSite(options(), { ...HANDLERS, '/more': (ctx) => (ctx.session.theme = 'dark') })
    await visitor.get('/login')
    await visitor.get('/more')
    await visitor.get('/switch')
    expect(await sessionOf(visitor)).toEqual({ user: 'bob' })
  })

  test('R3: null, then null again, ends the session once, also after save()', async () => {
    const { visitor, errors } = createSite(options(), {
      ...HANDLERS,
      '/logout': async (ctx) => {
        const { session } = ctx
        await session.save()
        ctx.session = null
        await session.manuallyCommit()
        ctx.session = null
      },
    })
    await visitor.get('/login')
    expect(cookieNames(await visitor.get('/logout'))).toEqual(cookies())
    expect(await sessionOf(visitor)).toEqual({})
    expect(errors).toEqual([])
  })

  test('D12: ctx.session = null clears the cookies of a visitor without a session as well', async () => {
    const { visitor } = createSite(options(), HANDLERS)
    const answer = await visitor.get('/logout')
    expect(cookieNames(answer)).toEqual(cookies())
    expect(cookieOf(answer).expires).toBe(0)
  })
})

/** What may follow `ctx.session = null` in the same request. */
const SUCCESSORS: [title: string, handler: (ctx: Context) => unknown][] = [
  ['an object', () => undefined],
  ['an object, and save()', (ctx) => ctx.session.save()],
  ['an object, and regenerate()', (ctx) => ctx.session.regenerate()],
  ['an object, and a change', (ctx) => (ctx.session.user = 'bob')],
  ['an object, null and an object', (ctx) => ((ctx.session = null), (ctx.session = { user: 'bob' }))],
]

describe.each(backendsWith({ hasIds: true }))('null, then with $name', ({ options }) => {
  test.each(SUCCESSORS)('R34, D2: null, then %s: the old token is dead, and a new one is issued', async (_, then) => {
    const { app, visitor } = createSite(options(), {
      ...HANDLERS,
      '/switch': async (ctx) => {
        ctx.session = null
        ctx.session = { user: 'bob' }
        await then(ctx)
      },
    })
    const before = cookieOf(await visitor.get('/login')).value
    const thief = new Visitor(app, visitor.jar.copy())
    expect(cookieOf(await visitor.get('/switch')).value).not.toBe(before)
    expect(await sessionOf(visitor)).toEqual({ user: 'bob' })
    expect(await sessionOf(thief)).toEqual({})
  })

  test('D2: null, then an empty object, leaves the old token dead, and the cookie is cleared', async () => {
    const { app, visitor } = createSite(options(), {
      ...HANDLERS,
      '/switch': (ctx) => {
        ctx.session = null
        ctx.session = {}
      },
    })
    await visitor.get('/login')
    const thief = new Visitor(app, visitor.jar.copy())
    expect(cookieOf(await visitor.get('/switch')).expires).toBe(0)
    expect(await sessionOf(thief)).toEqual({})
  })

  test('D2: null, then an object after the commit, makes a new session', async () => {
    const { app, visitor } = createSite(options(), {
      ...HANDLERS,
      '/switch': async (ctx) => {
        const { session } = ctx
        ctx.session = null
        await session.manuallyCommit()
        ctx.session = { user: 'bob' }
      },
    })
    const before = cookieOf(await visitor.get('/login')).value
    const thief = new Visitor(app, visitor.jar.copy())
    expect(cookieOf(await visitor.get('/switch')).value).not.toBe(before)
    expect(await sessionOf(visitor)).toEqual({ user: 'bob' })
    expect(await sessionOf(thief)).toEqual({})
  })

  test('R34: null, then regenerate(), leaves the old token dead', async () => {
    const { app, visitor } = createSite(options(), { ...HANDLERS, '/regenerate': (ctx) => ctx.session.regenerate() })
    const before = cookieOf(await visitor.get('/login')).value
    const thief = new Visitor(app, visitor.jar.copy())
    expect(cookieOf(await visitor.get('/regenerate')).value).not.toBe(before)
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
    expect(await sessionOf(thief)).toEqual({})
  })
})

describe.each([
  ['MemoryStore', () => new MemoryStore()],
  ['plain store', () => new PlainStore()],
])('store calls of %s', (_, createStore) => {
  function createRecordedSite(options = {}) {
    const recorded = spyOn({ store: createStore() })
    return { ...recorded, ...createSite({ store: recorded.store, ...options }, HANDLERS) }
  }

  test('D12: a logout without a session makes no store call', async () => {
    const { visitor, take } = createRecordedSite()
    await visitor.get('/logout')
    expect(take()).toEqual([])
  })

  test('D12: a logout with an id of no session destroys nothing', async () => {
    const { visitor, take } = createRecordedSite({ signed: false })
    visitor.jar.values.set('koa.sess', 'no-such-id')
    expect(cookieOf(await visitor.get('/logout')).expires).toBe(0)
    expect(take()).not.toContain('destroy')
  })

  test('D12: a logout with a session destroys its record', async () => {
    const { visitor, argsOf } = createRecordedSite()
    const { value } = cookieOf(await visitor.get('/login'))
    await visitor.get('/logout')
    expect(argsOf('destroy').map(([id]) => id)).toEqual([value])
  })

  test('D12: the logout of a session that was never saved makes no store call', async () => {
    const { visitor, take } = createRecordedSite()
    await visitor.get('/switch')
    expect(take()).not.toContain('destroy')
  })

  test('D11: an expired record is destroyed', async () => {
    const clock = stopClock()
    const { visitor, argsOf, take, eventNames } = createRecordedSite({ maxAge: 5_000 })
    const { value } = cookieOf(await visitor.get('/login'))
    clock.advance(5_001)
    expect(await sessionOf(visitor)).toEqual({})
    expect(argsOf('destroy').map(([id]) => id)).toEqual([value])
    expect(await eventNames()).toEqual(['expired', 'ended'])
    take()
    await visitor.get('/logout')
    expect(take()).not.toContain('destroy')
    startClock()
  })

  test('D11: a record that expires in this very millisecond is not destroyed', async () => {
    const clock = stopClock()
    const { visitor, argsOf } = createRecordedSite({ maxAge: 5_000 })
    await visitor.get('/login')
    clock.advance(5_000)
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
    expect(argsOf('destroy')).toEqual([])
    startClock()
  })
})

test.each([
  ['a new session', undefined],
  ['a session that exists', '/set?user=ann'],
])('R34: a record that is being written of %s when it is ended and replaced is destroyed', async (_name, before) => {
  const store = new MemoryStore()
  const begun = deferred()
  const held = deferred()
  let isHeld = false
  const options = interceptStore({ store }, async ({ method, proceed }) => {
    if (isHeld && /^(create|replace)$/.test(method)) {
      begun.resolve()
      await held.promise
    }
    return proceed()
  })
  const { visitor } = createSessionApp(options, {
    '/replace-while-saving': async (ctx) => {
      isHeld = true
      ctx.session.user = 'bea'
      void ctx.session.save()
      await begun.promise
      ctx.session = null
      ctx.session = { user: 'cleo' }
      setImmediate(held.resolve)
    },
  })
  const ann = visitor()
  if (before) await ann.get(before)
  await ann.get('/replace-while-saving')
  expect((await ann.get('/')).json()).toEqual({ user: 'cleo' })
  expect(store.size).toBe(1)
})
