import Keygrip from 'keygrip'
import type Koa from 'koa'
import { MemoryStore, type SessionOptions } from 'koa-session-service'
import { createApp, Visitor } from '../../support/app/app'
import { backendsWith } from '../../support/backends/backends'
import { startClock, stopClock } from '../../support/clock'
import { cookieNames, cookieOf, parseSetCookie } from '../../support/set-cookie'
import { createSite, sessionOf, type Handlers, type Site } from '../../support/app/site'

const HANDLERS: Handlers = {
  '/login': (ctx) => (ctx.session.user = 'alice'),
  '/change': (ctx) => (ctx.session.user = 'bob'),
  '/logout': (ctx) => (ctx.session = null),
}

function createSiteWithKeys(keys: unknown, options: SessionOptions): Site {
  const app = createApp()
  app.keys = keys as Koa['keys']
  return createSite(options, HANDLERS, app)
}

/** The visitor of one site, with the same browser on another. */
function moveTo(site: Site, { visitor }: Site): Visitor {
  return new Visitor(site.app, visitor.jar)
}

describe.each(backendsWith({ isSealed: false }))('keys with $name', ({ options }) => {
  let clock: ReturnType<typeof stopClock>
  beforeEach(() => (clock = stopClock()))
  afterEach(startClock)

  test('R30: the first key of app.keys signs', async () => {
    const { visitor } = createSiteWithKeys(['first', 'second'], options())
    const login = await visitor.get('/login')
    const { name, value } = cookieOf(login)
    expect(cookieOf(login, 'koa.sess.sig').value).toBe(new Keygrip(['first']).sign(`${name}=${value}`))
  })

  test.each([
    ['an older key', ['new', 'newer', 'old']],
    ['a Keygrip', new Keygrip(['new', 'old'])],
  ])('R30: a cookie under an old key is good, and is signed with the first: %s', async (_, keys) => {
    const backend = options()
    const before = createSiteWithKeys(['old'], backend)
    const { value } = cookieOf(await before.visitor.get('/login'))
    const visitor = moveTo(createSiteWithKeys(keys, backend), before)
    const answer = await visitor.get('/')
    expect(answer.json()).toEqual({ session: { user: 'alice' } })
    expect(cookieOf(answer).value).toBe(value)
    expect(cookieOf(answer, 'koa.sess.sig').value).toBe(new Keygrip(['new']).sign(`koa.sess=${value}`))
    expect((await visitor.get('/')).setCookie).toEqual([])
  })

  test('R30: a cookie that is signed anew keeps its attributes, and its life is not extended', async () => {
    const backend: SessionOptions = { ...options(), path: '/', domain: 'a.example', sameSite: 'lax', priority: 'high' }
    const before = createSiteWithKeys(['old'], backend)
    const login = await before.visitor.get('/login')
    clock.advance(10_000)
    const answer = await moveTo(createSiteWithKeys(['new', 'old'], backend), before).get('/')
    for (const name of ['koa.sess', 'koa.sess.sig']) {
      const { attributes, expires } = cookieOf(answer, name)
      expect({ attributes, expires }).toEqual({
        attributes: cookieOf(login, name).attributes,
        expires: cookieOf(login, name).expires,
      })
    }
  })

  test("R30: a 'session' cookie that is signed anew stays one", async () => {
    const backend: SessionOptions = { ...options(), maxAge: 'session' }
    const before = createSiteWithKeys(['old'], backend)
    await before.visitor.get('/login')
    const answer = await moveTo(createSiteWithKeys(['new', 'old'], backend), before).get('/')
    expect(answer.setCookie.map((line) => parseSetCookie(line).expires)).toEqual([undefined, undefined])
  })

  test('R30: a cookie under a key that is gone is not accepted', async () => {
    const backend = options()
    const before = createSiteWithKeys(['old'], backend)
    await before.visitor.get('/login')
    const visitor = moveTo(createSiteWithKeys(['new'], backend), before)
    expect(await sessionOf(visitor)).toEqual({})
  })

  test('R30: app.keys may be a Keygrip with SHA-256', async () => {
    const keys = new Keygrip(['a key'], 'sha256')
    const { visitor } = createSiteWithKeys(keys, options())
    const login = await visitor.get('/login')
    const { value } = cookieOf(login)
    expect(cookieOf(login, 'koa.sess.sig').value).toBe(keys.sign(`koa.sess=${value}`))
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })

  test('R30: a signature of another algorithm is not accepted', async () => {
    const backend = options()
    const before = createSiteWithKeys(new Keygrip(['a key'], 'sha256'), backend)
    await before.visitor.get('/login')
    const visitor = moveTo(createSiteWithKeys(['a key'], backend), before)
    expect(await sessionOf(visitor)).toEqual({})
  })

  test.each([[undefined], [[]], [['']], [['a key', '']]])(
    'R30: the first write without keys (%p) says to set app.keys',
    async (keys) => {
      const { visitor, errors } = createSiteWithKeys(keys, options())
      const answer = await visitor.get('/login')
      expect(answer.status).toBe(500)
      expect(answer.setCookie).toEqual([])
      expect(errors).toEqual([expect.objectContaining({ code: 'ERR_SESSION_KEYS_MISSING' })])
      expect((errors[0] as Error).message).toContain('app.keys')
    },
  )

  test.each([[undefined], [[]], [['']], [['a key', '']]])(
    'R30: the first reading without keys (%p) says to set app.keys',
    async (keys) => {
      const { visitor, errors } = createSiteWithKeys(keys, options())
      visitor.jar.values.set('koa.sess', 'some-text').set('koa.sess.sig', 'some-signature')
      expect((await visitor.get('/')).status).toBe(500)
      expect(errors).toEqual([expect.objectContaining({ code: 'ERR_SESSION_KEYS_MISSING' })])
      expect((errors[0] as Error).message).toContain('app.keys')
    },
  )

  test('R30: a visitor who needs no session is served without keys', async () => {
    const { visitor } = createSiteWithKeys(undefined, options())
    expect((await visitor.get('/')).status).toBe(200)
  })
})

test('R30: an unsigned session asks for no keys', async () => {
  const { visitor } = createSiteWithKeys(undefined, { signed: false, store: new MemoryStore() })
  expect(cookieNames(await visitor.get('/login'))).toEqual(['koa.sess'])
  expect(cookieNames(await visitor.get('/logout'))).toEqual(['koa.sess'])
})
