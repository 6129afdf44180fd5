import type { Context } from 'koa'
import { MemoryStore, type SessionOptions } from 'koa-session-service'
import { BACKENDS, backendsWith } from '../../support/backends/backends'
import { cookieNames, cookieOf } from '../../support/set-cookie'
import { createSite, nextTurn, sessionOf, type Handlers } from '../../support/app/site'
import { spyOn } from '../../support/spies/spy-on'

const LOGIN: Handlers = { '/login': (ctx) => (ctx.session.user = 'alice') }
/** Carries the id in a header. */
const HEADER = {
  get: (ctx: Context) => ctx.get('x-session'),
  set: (ctx: Context, id: string) => ctx.set('x-session', id),
}
/** Answers late, so that code which does not wait goes on without it. */
const later = async <T>(value: T): Promise<T> => nextTurn().then(() => value)

describe.each(BACKENDS)('hooks with $name', ({ options, hasIds, isSealed }) => {
  test.each([
    ['at once', false],
    ['later', later(false)],
    ['with a falsy value', 0],
  ])('R1, D3: an answer no of the hook valid, %s, starts a new session', async (_, answer) => {
    const { visitor, eventNames } = createSite({ ...options(), valid: () => answer }, LOGIN)
    await visitor.get('/login')
    expect(await sessionOf(visitor)).toEqual({})
    expect(await eventNames()).toEqual(['invalid'])
  })

  test.each([
    ['at once', true],
    ['later', later(true)],
  ])('R1, D3: an answer yes of the hook valid, %s, keeps the session', async (_, answer) => {
    const { visitor } = createSite({ ...options(), valid: () => answer }, LOGIN)
    await visitor.get('/login')
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })

  test('R1: the hook valid is asked once a request, with the context and the record', async () => {
    const valid = jest.fn((_ctx: Context, _record: object) => true)
    const { visitor } = createSite({ ...options(), valid }, LOGIN)
    await visitor.get('/login')
    expect(valid).not.toHaveBeenCalled()
    await visitor.get('/?page=2')
    expect(valid).toHaveBeenCalledTimes(1)
    const [ctx, record] = valid.mock.calls[0]
    expect(ctx.url).toBe('/?page=2')
    expect(record).toEqual({ user: 'alice', _expire: expect.any(Number), _maxAge: 86_400_000 })
  })

  test('R1: a session is accepted and saved without hooks', async () => {
    const { visitor } = createSite(options(), LOGIN)
    await visitor.get('/login')
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })

  test("D3: a rejection of the hook valid is the request's error, and the handler does not run", async () => {
    const show = jest.fn()
    const valid = () => Promise.reject(new Error('no answer'))
    const { visitor, errors } = createSite({ ...options(), valid }, { ...LOGIN, '/show': show })
    await visitor.get('/login')
    expect((await visitor.get('/show')).status).toBe(500)
    expect(errors).toEqual([expect.objectContaining({ message: 'no answer' })])
    expect(show).not.toHaveBeenCalled()
  })

  test.each([
    ['at once', (write: () => void) => write()],
    ['later', async (write: () => void) => nextTurn().then(write)],
  ])('R1, D3: beforeSave changes what is written, %s', async (_, when) => {
    const beforeSave: SessionOptions['beforeSave'] = (ctx, session) =>
      when(() => (session.seenAt = `${ctx.path} by ${String(session.user)}`))
    const { visitor } = createSite({ ...options(), beforeSave }, LOGIN)
    await visitor.get('/login')
    expect(await sessionOf(visitor)).toEqual({ user: 'alice', seenAt: '/login by alice' })
  })

  test('R1: beforeSave is not called where nothing is saved', async () => {
    const beforeSave = jest.fn()
    const { visitor } = createSite({ ...options(), beforeSave }, LOGIN)
    await visitor.get('/')
    expect(beforeSave).not.toHaveBeenCalled()
    await visitor.get('/login')
    await visitor.get('/')
    expect(beforeSave).toHaveBeenCalledTimes(1)
  })

  test('D3: a beforeSave that is rejected keeps the session from being written', async () => {
    const beforeSave = () => Promise.reject(new Error('not now'))
    const { visitor, errors } = createSite({ ...options(), beforeSave }, LOGIN)
    const answer = await visitor.get('/login')
    expect(answer.status).toBe(500)
    expect(answer.setCookie).toEqual([])
    expect(errors).toEqual([expect.objectContaining({ message: 'not now' })])
    expect(await sessionOf(visitor)).toEqual({})
  })

  if (hasIds || isSealed) return

  test('R1: encode and decode wrap the record into the cookie', async () => {
    const { visitor } = createSite(
      {
        ...options(),
        encode: (record) => encodeURIComponent(JSON.stringify(record)),
        decode: (text) => JSON.parse(decodeURIComponent(text)) as object,
      },
      LOGIN,
    )
    const { value } = cookieOf(await visitor.get('/login'))
    expect(JSON.parse(decodeURIComponent(value))).toMatchObject({ user: 'alice', _maxAge: 86_400_000 })
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })

  test('R1: a SyntaxError of decode starts a new session', async () => {
    const decode = () => JSON.parse('{')
    const { visitor, errors } = createSite({ ...options(), decode }, LOGIN)
    await visitor.get('/login')
    expect(await sessionOf(visitor)).toEqual({})
    expect(errors).toEqual([])
  })

  test('R1: an error of decode that is no SyntaxError fails the request and clears the cookie', async () => {
    const decode = () => {
      throw new Error('no such cipher')
    }
    const { visitor, errors } = createSite({ ...options(), decode }, LOGIN)
    await visitor.get('/login')
    const answer = await visitor.get('/')
    expect(answer.status).toBe(500)
    expect(errors).toEqual([expect.objectContaining({ message: 'no such cipher' })])
    expect(cookieOf(answer).expires).toBe(0)
    expect((await visitor.get('/')).status).toBe(200)
  })
})

describe.each(backendsWith({ hasIds: true }))('ids with $name', ({ options }) => {
  test('R1: ids are version 4 UUIDs', async () => {
    const { visitor } = createSite(options(), LOGIN)
    expect(cookieOf(await visitor.get('/login')).value).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
  })

  test('R1: ids begin with the prefix', async () => {
    const { visitor } = createSite({ ...options(), prefix: 'shop:' }, LOGIN)
    expect(cookieOf(await visitor.get('/login')).value).toMatch(/^shop:[0-9a-f-]{36}$/)
  })

  test.each([
    ['at once', (id: string) => id],
    ['later', later<string>],
  ])('R1, D3: ids are what genid answers %s, and the prefix has no effect beside it', async (_, answer) => {
    let count = 0
    const genid = (ctx: Context) => answer(`id-${++count}-of-${ctx.path.slice(1)}`)
    const { visitor } = createSite({ ...options(), prefix: 'shop:', genid }, LOGIN)
    expect(cookieOf(await visitor.get('/login')).value).toBe('id-1-of-login')
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })

  test.each([
    ['at once', HEADER],
    [
      'later',
      {
        get: (ctx: Context) => later(HEADER.get(ctx)),
        set: (ctx: Context, id: string) => nextTurn().then(() => HEADER.set(ctx, id)),
      },
    ],
  ])('R1, D3: the token travels as externalKey says, %s', async (_, externalKey) => {
    const { visitor } = createSite({ ...options(), externalKey }, LOGIN)
    const login = await visitor.get('/login')
    expect(login.setCookie).toEqual([])
    const id = String(login.headers['x-session'])
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    const answer = await visitor.get('/', { 'x-session': id })
    expect(answer.json()).toEqual({ session: { user: 'alice' } })
  })
})

describe('externalKey', () => {
  const handlers: Handlers = { ...LOGIN, '/logout': (ctx) => (ctx.session = null) }

  test('R1: externalKey clears the cookie of the name, as koa-session does', async () => {
    const { visitor } = createSite({ store: new MemoryStore(), externalKey: HEADER }, handlers)
    expect(cookieNames(await visitor.get('/logout'))).toEqual(['koa.sess', 'koa.sess.sig'])
  })

  test('R1: a "clear" of externalKey makes the client forget the id instead', async () => {
    const clear = jest.fn((ctx: Context) => later(undefined).then(() => ctx.remove('x-session')))
    const { visitor } = createSite({ store: new MemoryStore(), externalKey: { ...HEADER, clear } }, handlers)
    expect((await visitor.get('/logout')).setCookie).toEqual([])
    expect(clear).toHaveBeenCalledTimes(1)
  })

  test('R31: an id that externalKey reads and that cannot be one does not reach the store', async () => {
    const { store, take } = spyOn({ store: new MemoryStore() })
    const { visitor } = createSite({ store, externalKey: HEADER }, handlers)
    await visitor.get('/', { 'x-session': '../secrets' })
    expect(take()).toEqual([])
  })
})
