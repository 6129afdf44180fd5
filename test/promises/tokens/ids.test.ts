import { MemoryStore, type SessionOptions } from 'koa-session-service'
import { backendsWith, PlainStore } from '../../support/backends/backends'
import { cookieOf } from '../../support/set-cookie'
import { createSite, nextTurn, type Handlers } from '../../support/app/site'
import { spyOn } from '../../support/spies/spy-on'

const HANDLERS: Handlers = { '/login': (ctx) => (ctx.session.user = 'alice') }
/** Texts that cannot be ids. */
const IMPOSSIBLE = [
  'x'.repeat(8_000),
  'x'.repeat(513),
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  '../x',
  '..',
  '.',
  'a/../b',
  '..\\x',
  'a b',
  'ä',
  '\u007f',
  '\t',
]
/** Texts that could be ids, and are none that the store knows. */
const UNKNOWN = [
  'x',
  '0b6ad1b0-7f2c-4f38-9d0e-7d2b6f1c5a11',
  '[object%20Object]',
  'null',
  'undefined',
  '-1',
  'x'.repeat(512),
]

describe.each(backendsWith({ hasIds: true }))('an id that a client presents, with $name', ({ options }) => {
  test.each([...IMPOSSIBLE, ...UNKNOWN, ''])('R31: the presented id %j is never adopted', async (id) => {
    const { visitor, errors } = createSite({ ...options(), signed: false }, HANDLERS)
    const login = await visitor.get('/login', { cookie: `koa.sess=${id}` })
    expect(login.status).toBe(200)
    expect(errors).toEqual([])
    expect(cookieOf(login).value).toMatch(/^[0-9a-f-]{36}$/)
    expect(cookieOf(login).value).not.toBe(id)
    expect((await visitor.get('/')).json()).toEqual({ session: { user: 'alice' } })
  })

  test('R31: a signed, empty id is never adopted', async () => {
    const { visitor } = createSite(options(), HANDLERS)
    const login = await visitor.get('/login', { cookie: 'koa.sess=; koa.sess.sig=' })
    expect(cookieOf(login).value).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe.each([
  ['MemoryStore', () => new MemoryStore()],
  ['plain store', () => new PlainStore()],
])('the store behind it, %s', (_, createStore) => {
  test.each([...IMPOSSIBLE, ''])('R31: a store is not asked for %j, which cannot be an id', async (id) => {
    const { store, take } = spyOn({ store: createStore() })
    const { visitor } = createSite({ store, signed: false }, HANDLERS)
    await visitor.get('/', { cookie: `koa.sess=${id}` })
    expect(take()).toEqual([])
  })

  test.each(UNKNOWN)('R31: a store is asked once for %j, which could be an id', async (id) => {
    const { store, take } = spyOn({ store: createStore() })
    const { visitor } = createSite({ store, signed: false }, HANDLERS)
    await visitor.get('/', { cookie: `koa.sess=${id}` })
    expect(take()).toHaveLength(1)
  })

  test('R31: an id that cannot be one is missed, and the event does not repeat it', async () => {
    const { visitor, events, eventNames } = createSite({ store: createStore(), signed: false }, HANDLERS)
    await visitor.get('/', { cookie: 'koa.sess=../x' })
    expect(await eventNames()).toEqual(['missed'])
    expect(events[0]?.detail.key).toBeUndefined()
  })
})

/** Values of `genid` that are no ids. */
const BAD_IDS: [title: string, genid: () => unknown][] = [
  ["''", () => ''],
  ['undefined', () => undefined],
  ['null', () => null],
  ['a number', () => 5],
  ['an object', () => ({ id: 'x' })],
  ['a text with a space', () => 'a b'],
  ['a text with a semicolon and a line break', () => 'a;\n'],
  ['a text with a semicolon', () => 'a;b'],
  ['a text in quotation marks', () => '"a"'],
  ['a path', () => '../x'],
  ['__proto__', () => '__proto__'],
  ['too long a text', () => 'x'.repeat(513)],
  ["a promise of ''", () => Promise.resolve('')],
  ['a promise of undefined', () => Promise.resolve(undefined)],
]
const FAILURE = new Error('no entropy')
const FAILING: [title: string, genid: () => unknown][] = [
  ['is rejected', () => Promise.reject(FAILURE)],
  [
    'throws',
    () => {
      throw FAILURE
    },
  ],
]

describe.each(backendsWith({ hasIds: true }))('genid with $name', ({ options }) => {
  function createSiteWithId(genid: () => unknown) {
    return createSite({ ...options(), genid: genid as SessionOptions['genid'] }, HANDLERS)
  }

  test.each(BAD_IDS)('R31: a genid that answers %s is an error, and sets no cookie', async (_, genid) => {
    const { visitor, errors } = createSiteWithId(genid)
    const login = await visitor.get('/login')
    expect(login.status).toBe(500)
    expect(login.setCookie).toEqual([])
    expect(errors).toEqual([
      expect.objectContaining({ code: 'ERR_SESSION_BAD_ID', message: expect.stringContaining('"genid"') }),
    ])
    expect((await visitor.get('/')).json()).toEqual({ session: {} })
  })

  test.each(FAILING)('R31: a genid that %s is an error with its cause, and sets no cookie', async (_, genid) => {
    const { visitor, errors } = createSiteWithId(genid)
    const login = await visitor.get('/login')
    expect(login.status).toBe(500)
    expect(login.setCookie).toEqual([])
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_SESSION_BAD_ID', cause: FAILURE })])
    expect((await visitor.get('/')).json()).toEqual({ session: {} })
  })

  test('R31: a genid that is rejected, and whose id nobody needed in the end, breaks nothing', async () => {
    const { visitor, errors } = createSite(
      { ...options(), genid: () => Promise.reject(FAILURE) },
      { '/peek': (ctx) => (ctx.body = { id: ctx.session.externalKey }) },
    )
    expect((await visitor.get('/peek')).json()).toEqual({})
    // An unhandled rejection fails the test.
    await nextTurn()
    expect(errors).toEqual([])
  })

  test('R31: genid is asked once, when a new session is first asked for', async () => {
    const genid = jest.fn(() => 'the-id')
    const calls: number[] = []
    const { visitor } = createSite(
      { ...options(), genid },
      {
        '/login': async (ctx) => {
          calls.push(genid.mock.calls.length)
          ctx.session.user = 'alice'
          calls.push(genid.mock.calls.length)
          await ctx.session.save()
          ctx.session.theme = 'dark'
        },
      },
    )
    await visitor.get('/leave-alone')
    expect(genid).not.toHaveBeenCalled()
    const login = await visitor.get('/login')
    expect(calls).toEqual([0, 1])
    expect(genid).toHaveBeenCalledTimes(1)
    expect(cookieOf(login).value).toBe('the-id')
  })

  test('R31: a genid that is asynchronous is asked once as well', async () => {
    const genid = jest.fn(() => Promise.resolve('the-id'))
    const { visitor } = createSiteWithId(genid)
    expect(cookieOf(await visitor.get('/login')).value).toBe('the-id')
    expect(genid).toHaveBeenCalledTimes(1)
  })

  test('R31: genid is not asked for a session that is there', async () => {
    const genid = jest.fn(() => 'the-id')
    const { visitor } = createSiteWithId(genid)
    await visitor.get('/login')
    await visitor.get('/')
    await visitor.get('/login')
    expect(genid).toHaveBeenCalledTimes(1)
  })
})

describe.each(backendsWith({ hasIds: false }))('genid with $name', ({ options }) => {
  test('R31: genid has no part in a session that rests in its cookie', async () => {
    const genid = jest.fn(() => '')
    const { visitor } = createSite({ ...options(), genid }, HANDLERS)
    await visitor.get('/login')
    expect((await visitor.get('/')).json()).toEqual({ session: { user: 'alice' } })
    expect(genid).not.toHaveBeenCalled()
  })
})
