import type { Context } from 'koa'
import { MemoryStore } from 'koa-session-service'
import { BACKENDS, PlainStore } from '../../support/backends/backends'
import { cookieNames, cookieOf, parseSetCookie } from '../../support/set-cookie'
import { createSite, sessionOf, type Handlers } from '../../support/app/site'
import { spyOn } from '../../support/spies/spy-on'

const LOGIN: Handlers = { '/login': (ctx) => (ctx.session.user = 'alice') }
const change = (ctx: Context) => (ctx.session.views = (ctx.session.views ?? 0) + 1)

/** Handlers that write by themselves, once, and leave the session as it is then. */
const WRITES: [title: string, handler: (ctx: Context) => Promise<unknown>][] = [
  ['save()', (ctx) => ctx.session.save()],
  ['a change and save()', (ctx) => (change(ctx), ctx.session.save())],
  ['regenerate()', (ctx) => ctx.session.regenerate()],
  ['a change and regenerate()', (ctx) => (change(ctx), ctx.session.regenerate())],
  ['a change and manuallyCommit()', (ctx) => (change(ctx), ctx.session.manuallyCommit())],
  ['a lifetime and manuallyCommit()', (ctx) => ((ctx.session.maxAge = 5_000), ctx.session.manuallyCommit())],
]
const SETTINGS = [{}, { rolling: true }, { renew: true }]
const CASES = WRITES.flatMap(([title, handler]) => SETTINGS.map((settings) => ({ title, handler, settings })))

describe.each([
  ['MemoryStore', () => new MemoryStore()],
  ['plain store', () => new PlainStore()],
])('writes to %s', (_, createStore) => {
  test.each(CASES)('R18: one write is made for $title with $settings', async ({ handler, settings }) => {
    const { store, take } = spyOn({ store: createStore() })
    const { visitor } = createSite({ store, ...settings }, { ...LOGIN, '/write': handler })
    await visitor.get('/login')
    take()
    await visitor.get('/write')
    expect(take().filter((method) => ['set', 'create', 'replace', 'touch'].includes(method))).toHaveLength(1)
  })

  test('R18: one write is made for a change and the end of the request', async () => {
    const { store, take } = spyOn({ store: createStore() })
    const { visitor } = createSite({ store, rolling: true }, { '/write': change })
    await visitor.get('/write')
    await visitor.get('/write')
    expect(take().filter((method) => ['set', 'create', 'replace', 'touch'].includes(method))).toHaveLength(2)
  })

  test('R18: one more write is made for a change after save()', async () => {
    const { store, take } = spyOn({ store: createStore() })
    const { visitor } = createSite(
      { store },
      {
        '/write': async (ctx) => {
          await ctx.session.save()
          change(ctx)
        },
      },
    )
    await visitor.get('/write')
    expect(take()).toHaveLength(2)
    expect(await sessionOf(visitor)).toEqual({ views: 1 })
  })

  test('R18: no write is made for a session that is read', async () => {
    const { store, take } = spyOn({ store: createStore() })
    const { visitor } = createSite({ store }, LOGIN)
    await visitor.get('/login')
    take()
    await visitor.get('/')
    expect(take()).toHaveLength(1)
  })
})

/** Handlers that tell the client several things about one session. */
const REPEATED: [title: string, handler: (ctx: Context) => unknown][] = [
  ...WRITES,
  [
    'save() twice',
    async (ctx) => {
      await ctx.session.save()
      await ctx.session.save()
    },
  ],
  [
    'save() and a change',
    async (ctx) => {
      await ctx.session.save()
      change(ctx)
    },
  ],
  [
    'regenerate() twice, and a change',
    async (ctx) => {
      await ctx.session.regenerate()
      await ctx.session.regenerate()
      change(ctx)
    },
  ],
  ['null and an object', (ctx) => ((ctx.session = null), (ctx.session = { user: 'bob' }))],
  [
    'save() and null',
    async (ctx) => {
      await ctx.session.save()
      ctx.session = null
    },
  ],
]

describe.each(BACKENDS)('Set-Cookie with $name', ({ options, cookies }) => {
  test.each(REPEATED.flatMap(([title, handler]) => [true, false].map((overwrite) => ({ title, handler, overwrite }))))(
    'R18: a response has one Set-Cookie line per name after $title, with overwrite: $overwrite',
    async ({ handler, overwrite }) => {
      const { visitor } = createSite({ ...options(), overwrite }, { ...LOGIN, '/write': handler })
      await visitor.get('/login')
      expect(cookieNames(await visitor.get('/write'))).toEqual(cookies())
    },
  )

  test('R18: the Set-Cookie line says the last thing that there is to say', async () => {
    const { visitor } = createSite(options(), {
      ...LOGIN,
      '/write': async (ctx) => {
        await ctx.session.regenerate()
        change(ctx)
        await ctx.session.save()
        ctx.session.user = 'bob'
      },
    })
    await visitor.get('/login')
    await visitor.get('/write')
    expect(await sessionOf(visitor)).toEqual({ user: 'bob', views: 1 })
  })

  test.each([true, false])(
    'R18: a response has one Set-Cookie line per name in answer to a forged signature, with overwrite: %p',
    async (overwrite) => {
      const { visitor } = createSite({ ...options(), overwrite }, LOGIN)
      visitor.jar.values.set('koa.sess', 'forged').set('koa.sess.sig', 'forged')
      const answer = await visitor.get('/login')
      expect(cookieNames(answer).sort()).toEqual(cookies())
      for (const name of cookies()) expect(cookieOf(answer, name).value).not.toBe('')
    },
  )

  test('R18: other cookies of the response stay as they are', async () => {
    const { visitor } = createSite(options(), {
      '/write': async (ctx) => {
        ctx.cookies.set('theme', 'dark', { signed: false })
        await ctx.session.save()
        ctx.cookies.set('koa.session', 'of another', { signed: false })
        change(ctx)
      },
    })
    const { setCookie } = await visitor.get('/write')
    expect(setCookie.map((line) => parseSetCookie(line).name).sort()).toEqual([...cookies(), 'koa.session', 'theme'])
  })
})
