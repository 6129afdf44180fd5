import type { Context } from 'koa'
import { MemoryStore, SessionService, type SessionEvents, type SessionOptions } from 'koa-session-service'
import { createSite, nextTurn, type Handlers } from '../../support/app/site'
import { BACKENDS } from '../../support/backends/backends'
import { startClock, stopClock } from '../../support/clock'
import { cookieOf, cookieText } from '../../support/set-cookie'

const ONE_DAY = 86_400_000

describe.each(BACKENDS)('the events of a session, with $name', ({ options, hasIds, isSealed }) => {
  let clock: ReturnType<typeof stopClock>
  beforeEach(() => (clock = stopClock()))
  afterEach(startClock)

  /** A site, the context of its last request, and what the service's own listeners hear of one event. */
  function siteWith(more: SessionOptions, name: keyof SessionEvents) {
    let last: Context | undefined
    const handlers: Handlers = {
      '/login': (ctx) => (ctx.session.user = 'alice'),
      '/read': (ctx) => {
        last = ctx
        ctx.body = { session: ctx.session }
      },
    }
    const site = createSite({ ...options(), ...more }, handlers)
    const heard: unknown[] = []
    site.sessions.on(name, (detail) => heard.push(detail))
    return { ...site, heard, lastContext: () => last }
  }

  /** That both the app and the service's listeners were told of it once, with the context of the request. */
  async function expectTold({ events, heard, lastContext }: ReturnType<typeof siteWith>, name: string, told: object) {
    await nextTurn()
    // What is past its time in a store is ended with that.
    const others = name === 'expired' && hasIds ? ['ended'] : []
    expect(events.map((event) => event.name)).toEqual([name, ...others])
    const { ctx, session: _fingerprint, ...detail } = events[0].detail
    expect(detail).toEqual(told)
    expect(ctx === lastContext()).toBe(true)
    expect(heard.length === 1 && heard[0] === events[0].detail).toBe(true)
  }

  /** Her record as it is told: what was sealed is not. */
  function recordOfAlice() {
    return isSealed ? undefined : { user: 'alice', _expire: Date.now() + ONE_DAY, _maxAge: ONE_DAY }
  }

  test('R4: session:expired tells the key, the record and the context', async () => {
    const site = siteWith({}, 'expired')
    const { value } = cookieOf(await site.visitor.get('/login'))
    const record = recordOfAlice()
    clock.advance(ONE_DAY + 1)
    expect((await site.visitor.get('/read')).json()).toEqual({ session: {} })
    await expectTold(site, 'expired', { key: hasIds ? value : undefined, value: record })
  })

  test('R4: session:invalid tells the key, the record and the context', async () => {
    const site = siteWith({ valid: () => false }, 'invalid')
    const { value } = cookieOf(await site.visitor.get('/login'))
    await site.visitor.get('/read')
    const record = recordOfAlice()
    await expectTold(site, 'invalid', { key: hasIds ? value : undefined, value: record })
  })

  test('R4: session:missed tells the key and the context', async () => {
    const site = siteWith({ signed: false }, 'missed')
    const token = hasIds ? 'no-such-id' : cookieText('null')
    site.visitor.jar.values.set('koa.sess', token)
    expect((await site.visitor.get('/read')).json()).toEqual({ session: {} })
    await expectTold(site, 'missed', { key: hasIds ? token : undefined, value: undefined })
  })

  test('R4: a visitor without a cookie, and one with a good one, cause no event', async () => {
    const { visitor, eventNames } = siteWith({}, 'missed')
    for (const path of ['/read', '/login', '/read']) await visitor.get(path)
    expect(await eventNames()).toEqual([])
  })
})

/** A site whose visitor has an id that the store does not know. */
function siteOfUnknown(handlers: Handlers = {}) {
  const site = createSite({ store: new MemoryStore(), signed: false }, handlers)
  site.visitor.jar.values.set('koa.sess', 'unknown')
  const visit = async () => {
    await site.visitor.get('/read')
    await nextTurn()
  }
  return { ...site, visit }
}

test('R4: off() stops one listener of an event and leaves the others', async () => {
  const { sessions, visit } = siteOfUnknown()
  const first = jest.fn()
  const second = jest.fn()
  expect(sessions.on('missed', first).on('missed', second).off('missed', first)).toBe(sessions)
  await visit()
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([0, 1])
})

test("R4: listeners of an event are called after the request's own work", async () => {
  const order: string[] = []
  const { sessions, visit } = siteOfUnknown({ '/read': () => order.push('handler') })
  sessions.on('missed', () => order.push('listener'))
  await visit()
  expect(order).toEqual(['handler', 'listener'])
})

test.each([true, false])('R15: an error of the commit needs no listener (there is one: %p)', async (isHeard) => {
  const failure = new Error('the store is down')
  const store = new MemoryStore()
  store.create = () => {
    throw failure
  }
  const fail: Handlers[string] = (ctx) => {
    ctx.session.name = 'ann'
    ctx.throw(409)
  }
  const { sessions, visitor } = createSite({ store }, { '/fail': fail })
  const heard: unknown[] = []
  if (isHeard) sessions.on('error', ({ error }) => heard.push(error))
  expect((await visitor.get('/fail')).status).toBe(409)
  await nextTurn()
  expect(heard).toMatchObject(isHeard ? [{ code: 'ERR_SESSION_STORE', cause: failure }] : [])
})

test('R4: the names of events and what they tell are typed', () => {
  const { sessions } = createSite()
  // @ts-expect-error -- there is no such event
  sessions.on('mised', () => undefined)
  // @ts-expect-error -- `missed` tells nothing of an error
  sessions.on('missed', ({ error }) => error)
  sessions.on('headersSent', ({ lost }) => lost satisfies 'data' | 'id' | 'renewal' | 'removal')
  expect(sessions).toBeInstanceOf(SessionService)
})
