import type { Context } from 'koa'
import { SessionService, type SessionOptions } from 'koa-session-service'
import { Visitor } from '../../support/app'
import { CONDITIONAL_STORES } from '../../support/conditional-stores'
import { interleave } from '../../support/rivals'
import { cookieNames, cookieOf } from '../../support/set-cookie'
import { sessionOf } from '../../support/site'

const serviceOf = (ctx: Context) => SessionService.of<SessionService>(ctx)
/** What a request does that ends after the session was ended by another one. */
const LATE: { title: string; slow: (ctx: Context) => unknown; options?: SessionOptions }[] = [
  { title: 'a change', slow: (ctx) => (ctx.session.theme = 'dark') },
  { title: 'a new object', slow: (ctx) => (ctx.session = { theme: 'dark' }) },
  { title: 'rolling, without a change', slow: () => undefined, options: { rolling: true } },
  { title: 'rolling, with a change', slow: (ctx) => (ctx.session.theme = 'dark'), options: { rolling: true } },
  { title: 'regenerate()', slow: (ctx) => ctx.session.regenerate() },
  {
    title: 'a change and regenerate()',
    slow: (ctx) => ((ctx.session.theme = 'dark'), ctx.session.regenerate()),
  },
  { title: 'save()', slow: (ctx) => ctx.session.save() },
  {
    title: 'save(), and a change',
    slow: async (ctx) => {
      const { session } = ctx
      await session.save()
      session.theme = 'dark'
    },
  },
  { title: 'a lifetime of its own', slow: (ctx) => (ctx.session.maxAge = 5_000) },
  { title: 'touch()', slow: (ctx) => serviceOf(ctx).touch(ctx) },
  { title: 'update()', slow: (ctx) => serviceOf(ctx).update((session) => (session.theme = 'dark'), ctx) },
  { title: 'another logout', slow: (ctx) => (ctx.session = null) },
]

/** A sign-in as it is without the `owner` option. */
const SIGN_IN = 'a change and regenerate()'
/** Those that end the session themselves. */
const LOGOUT = 'another logout'
/** Those that use the session, and start none of their own. */
const USES = LATE.filter(({ title }) => title !== SIGN_IN && title !== LOGOUT)

describe.each(CONDITIONAL_STORES)('after a logout, with $name', ({ wrap }) => {
  test.each([...USES, ...LATE.filter(({ title }) => title === LOGOUT)])(
    'R11, D16: $title does not bring the session back',
    async ({ slow, options }) => {
      const { app, visitor, records, errors, run } = interleave(wrap, slow, {}, options)
      await visitor.get('/login')
      const thief = new Visitor(app, visitor.jar.copy())
      const answer = await run((rival) => rival.get('/logout'))
      expect(answer.status).toBe(200)
      expect(errors).toEqual([])
      expect(records.size).toBe(0)
      expect(await sessionOf(thief)).toEqual({})
    },
  )

  test.each(USES)('R11, D22: $title sets no cookie', async ({ slow, options }) => {
    const { visitor, run } = interleave(wrap, slow, {}, options)
    await visitor.get('/login')
    expect((await run((rival) => rival.get('/logout'))).setCookie).toEqual([])
  })

  test('D12: another logout clears the cookies as well', async () => {
    const { visitor, run } = interleave(wrap, (ctx) => (ctx.session = null))
    await visitor.get('/login')
    const answer = await run((rival) => rival.get('/logout'))
    expect(cookieNames(answer)).toEqual(['koa.sess', 'koa.sess.sig'])
    expect(cookieOf(answer).expires).toBe(0)
  })

  test.each(LATE.filter(({ title }) => title !== LOGOUT))('D16: session:gone tells of $title', async (late) => {
    const { visitor, events, eventNames, run } = interleave(wrap, late.slow, {}, late.options)
    await visitor.get('/login')
    await run((rival) => rival.get('/logout'))
    expect(await eventNames()).toEqual(['ended', 'gone'])
    expect(events[1]?.detail.session).toMatch(/^[\w-]{8}$/)
  })

  test('R11, D16: a change and regenerate() go on with a new session, which has that change alone', async () => {
    const { slow } = LATE.find(({ title }) => title === SIGN_IN) as (typeof LATE)[number]
    const { app, visitor, records, errors, run, slowEnd } = interleave(wrap, slow)
    await visitor.get('/login')
    const thief = new Visitor(app, visitor.jar.copy())
    const id = visitor.jar.values.get('koa.sess') as string
    const answer = await run((rival) => rival.get('/logout'))
    visitor.jar.accept(answer.setCookie)
    expect(slowEnd()).toEqual({ theme: 'dark' })
    expect(await sessionOf(visitor)).toEqual({ theme: 'dark' })
    expect(await sessionOf(thief)).toEqual({})
    expect(records.size).toBe(1)
    expect(records.read(id)).toBeUndefined()
    expect(errors).toEqual([])
  })

  test('D16: a new login in the slow request is a session of its own', async () => {
    const { visitor, records, errors, run } = interleave(wrap, (ctx) => {
      ctx.session = null
      ctx.session = { user: 'bob' }
    })
    await visitor.get('/login')
    const answer = await run((rival) => rival.get('/logout'))
    visitor.jar.accept(answer.setCookie)
    expect(await sessionOf(visitor)).toEqual({ user: 'bob' })
    expect(records.size).toBe(1)
    expect(errors).toEqual([])
  })
})

describe.each(CONDITIONAL_STORES)('after regenerate(), with $name', ({ wrap }) => {
  test.each(USES)('R12, R53: what $title in a request with the old token writes is dropped', async (late) => {
    const { app, visitor, records, errors, eventNames, run } = interleave(wrap, late.slow, {}, late.options)
    await visitor.get('/login')
    const thief = new Visitor(app, visitor.jar.copy())
    const answer = await run((rival) => rival.get('/regenerate'))
    expect(answer.status).toBe(200)
    expect(answer.setCookie).toEqual([])
    expect(errors).toEqual([])
    expect(await eventNames()).toEqual(['gone'])
    expect(records.size).toBe(1)
    expect(await sessionOf(thief)).toEqual({})
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })

  test('R12, D21: a change and regenerate() in a request with the old token start with that change alone', async () => {
    const { slow } = LATE.find(({ title }) => title === SIGN_IN) as (typeof LATE)[number]
    const { app, visitor, records, errors, run } = interleave(wrap, slow)
    await visitor.get('/login')
    const thief = new Visitor(app, visitor.jar.copy())
    const answer = await run((rival) => rival.get('/regenerate'))
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
    visitor.jar.accept(answer.setCookie)
    expect(await sessionOf(visitor)).toEqual({ theme: 'dark' })
    expect(await sessionOf(thief)).toEqual({})
    expect(records.size).toBe(2)
    expect(errors).toEqual([])
  })

  test('R11: a logout in a request with the old token ends the session', async () => {
    const { app, visitor, records, errors, run } = interleave(wrap, (ctx) => (ctx.session = null))
    await visitor.get('/login')
    const thief = new Visitor(app, visitor.jar.copy())
    const answer = await run((rival) => rival.get('/regenerate'))
    expect(cookieOf(answer).expires).toBe(0)
    expect(records.size).toBe(0)
    expect(await sessionOf(thief)).toEqual({})
    expect(await sessionOf(visitor)).toEqual({})
    expect(errors).toEqual([])
  })
})
