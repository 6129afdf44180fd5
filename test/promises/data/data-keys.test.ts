import { inspect } from 'node:util'
import type { Context } from 'koa'
import { BACKENDS } from '../../support/backends/backends'
import { createSessionApp } from '../../support/app/session-app'
import { startClock, stopClock } from '../../support/clock'
import { cookieOf } from '../../support/set-cookie'
import { createSite, sessionOf, type Handlers, type Site } from '../../support/app/site'

const ONE_DAY = 86_400_000
/** Data whose keys are names of the session's own parts, or of every object's. */
const HOSTILE: Record<string, unknown> = {
  save: 'a game',
  regenerate: 'a heart',
  manuallyCommit: 1,
  toJSON: 'text',
  length: 99,
  populated: 'no',
  externalKey: 'a locker',
  maxAge: 5,
  constructor: 'Lego',
  hasOwnProperty: false,
  toString: 'a string',
  valueOf: 7,
  then: 'what',
  inspect: [1],
  commit: { a: 1 },
  id: 'mine',
  update: null,
  destroy: true,
}
const set = (ctx: Context, key: string, value: unknown) => ((ctx.session as Record<string, unknown>)[key] = value)
/** Reads every part of the session, and answers with what they are. */
const HANDLERS: Handlers = {
  '/assign': (ctx) => (ctx.session = HOSTILE),
  '/parts': (ctx) => {
    const { session } = ctx
    ctx.body = {
      data: session.toJSON(),
      json: JSON.parse(JSON.stringify(session)) as unknown,
      shown: inspect(session, { depth: 0 }),
      isNew: session.isNew,
      maxAge: session.maxAge,
      length: session.length,
      populated: session.populated,
      verbs: [typeof session.save, typeof session.regenerate, typeof session.manuallyCommit],
    }
  },
  '/save': (ctx) => ctx.session.save(),
  '/regenerate': (ctx) => ctx.session.regenerate(),
  '/commit': (ctx) => ctx.session.manuallyCommit(),
  '/count': (ctx) => (ctx.session.views = (ctx.session.views ?? 0) + 1),
}

describe.each(BACKENDS)('data keys with $name', ({ options }) => {
  beforeEach(() => {
    stopClock()
    jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  })
  afterEach(() => {
    startClock()
    jest.restoreAllMocks()
  })

  async function expectIntact({ visitor, errors }: Site, data: Record<string, unknown>) {
    const parts = (await visitor.get('/parts')).json()
    expect(parts).toEqual({
      data,
      json: data,
      shown: expect.stringContaining('{'),
      isNew: false,
      maxAge: ONE_DAY,
      length: Object.keys(data).length,
      populated: true,
      verbs: ['function', 'function', 'function'],
    })
    expect(errors).toEqual([])
  }

  // `session.maxAge = x` is the control; data of that name come with a whole object.
  const ASSIGNABLE = Object.entries(HOSTILE).filter(([key]) => key !== 'maxAge')
  test.each(ASSIGNABLE)('R32, D14: the key %s, assigned, is data and survives', async (key, value) => {
    const site = createSite(options(), { ...HANDLERS, '/set': (ctx) => void set(ctx, key, value) })
    expect((await site.visitor.get('/set')).status).toBe(200)
    await expectIntact(site, { [key]: value })
  })

  test.each(Object.entries(HOSTILE))('R32, D14: the key %s, in an object, is data and survives', async (key, value) => {
    const site = createSite(options(), { ...HANDLERS, '/set': (ctx) => (ctx.session = { [key]: value }) })
    const { expires } = cookieOf(await site.visitor.get('/set'))
    expect(expires).toBe(Date.now() + ONE_DAY)
    await expectIntact(site, { [key]: value })
  })

  test.each(['/save', '/regenerate', '/commit', '/count'])(
    'R32, D14: the path %s works beside data with hostile keys',
    async (path) => {
      const site = createSite(options(), HANDLERS)
      await site.visitor.get('/assign')
      expect((await site.visitor.get(path)).status).toBe(200)
      await expectIntact(site, path === '/count' ? { ...HOSTILE, views: 1 } : HOSTILE)
    },
  )

  test('R32, D14: a change of data with a hostile key is saved', async () => {
    const site = createSite(options(), { ...HANDLERS, '/set': (ctx) => void set(ctx, 'save', 'another game') })
    await site.visitor.get('/assign')
    await site.visitor.get('/set')
    await expectIntact(site, { ...HOSTILE, save: 'another game' })
  })

  test('R32, D14: isNew is no data, as in koa-session', async () => {
    const site = createSite(options(), { ...HANDLERS, '/set': (ctx) => (ctx.session = { isNew: true, user: 'alice' }) })
    await site.visitor.get('/set')
    await expectIntact(site, { user: 'alice' })
  })

  test.each([
    ['assigned', (ctx: Context) => void ((ctx.session as any)['__proto__'] = { admin: true, save: null })],
    ['in an object', (ctx: Context) => (ctx.session = JSON.parse('{"__proto__":{"admin":true},"user":"alice"}'))],
    ['defined', (ctx: Context) => Object.defineProperty(ctx.session, '__proto__', { value: 1, enumerable: true })],
  ])('R32: __proto__, %s in a session, changes no prototype', async (_, assign) => {
    const prototypes: unknown[] = []
    const site = createSite(options(), {
      ...HANDLERS,
      '/set': (ctx) => {
        prototypes.push(Object.getPrototypeOf(ctx.session))
        assign(ctx)
        prototypes.push(Object.getPrototypeOf(ctx.session))
        ctx.session.user = 'alice'
      },
    })
    expect((await site.visitor.get('/set')).status).toBe(200)
    expect(prototypes[1]).toBe(prototypes[0])
    expect(({} as { admin?: unknown }).admin).toBeUndefined()
    const { user, admin } = (await sessionOf(site.visitor)) as { user: unknown; admin: unknown }
    expect([user, admin]).toEqual(['alice', undefined])
  })

  test.each(['_expire', '_maxAge', '_session'])(
    "R28: the key %s, assigned, changes nothing of the session's life and is not saved",
    async (key) => {
      const site = createSite(options(), {
        ...HANDLERS,
        '/login': (ctx) => (ctx.session.user = 'alice'),
        '/set': (ctx) => {
          ctx.session.user = 'bob'
          set(ctx, key, key === '_session' ? true : 5)
        },
        '/object': (ctx) => (ctx.session = { user: 'carol', [key]: key === '_session' ? true : 5 }),
      })
      await site.visitor.get('/login')
      for (const [path, user] of Object.entries({ '/set': 'bob', '/object': 'carol' })) {
        const answer = await site.visitor.get(path)
        expect(cookieOf(answer).expires).toBe(Date.now() + ONE_DAY)
        await expectIntact(site, { user })
      }
    },
  )
})

describe('keys that begin with _', () => {
  beforeEach(() => jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined))
  afterEach(() => jest.restoreAllMocks())

  test.each(BACKENDS)(
    'R28: keys that begin with _ are there for the request, and not saved, with $name',
    async ({ options }) => {
      const { visitor } = createSite(options(), {
        '/set': (ctx) => {
          ctx.session.user = 'alice'
          ctx.session._draft = 'text'
          ctx.body = { draft: ctx.session._draft, data: ctx.session }
        },
      })
      expect((await visitor.get('/set')).json()).toEqual({ draft: 'text', data: { user: 'alice' } })
      expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
    },
  )
})

describe.each(BACKENDS)('data that are named like a part of the session: $name', ({ options }) => {
  it.each(['save', 'maxAge', 'toJSON', 'regenerate', 'length'])(
    'R56: delete of data that are named %s deletes them',
    async (key) => {
      const { visitor } = createSessionApp(options(), {
        '/both': (ctx) => ctx.session.toJSON(),
        '/assign': (ctx) => {
          ctx.session = { cart: 'tea', [key]: 'of the visitor' }
        },
      })
      const ann = visitor()
      await ann.get('/assign')
      expect((await ann.get('/both')).json()).toEqual({ cart: 'tea', [key]: 'of the visitor' })
      await ann.get(`/delete?key=${key}`)
      expect((await ann.get('/both')).json()).toEqual({ cart: 'tea' })
    },
  )
})
