import type { Context } from 'koa'
import { SessionService, type SessionOptions } from 'koa-session-service'
import { Visitor } from '../support/app'
import { CONDITIONAL_STORES } from '../support/conditional-stores'
import { interleave } from '../support/rivals'
import { sessionOf } from '../support/site'

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

describe.each(CONDITIONAL_STORES)('after a logout, with $name', ({ wrap }) => {
  test.each(LATE)('R11, D16: $title does not bring the session back', async ({ slow, options }) => {
    const { app, visitor, records, errors, run } = interleave(wrap, slow, {}, options)
    await visitor.get('/login')
    const thief = new Visitor(app, visitor.jar.copy())
    const answer = await run((rival) => rival.get('/logout'))
    expect(answer.status).toBe(200)
    expect(errors).toEqual([])
    expect(records.size).toBe(0)
    expect(await sessionOf(thief)).toEqual({})
  })

  test.each(LATE)('D16: $title gives the client no cookie that lives', async ({ slow, options }) => {
    const { app, visitor, run } = interleave(wrap, slow, {}, options)
    await visitor.get('/login')
    const answer = await run((rival) => rival.get('/logout'))
    const late = new Visitor(app)
    late.jar.accept(answer.setCookie)
    expect(late.jar.values.get('koa.sess')).toBeUndefined()
  })

  test.each(LATE.filter(({ title }) => title !== 'another logout'))(
    'D16: session:gone tells of $title',
    async ({ slow, options }) => {
      const { visitor, events, eventNames, run } = interleave(wrap, slow, {}, options)
      await visitor.get('/login')
      await run((rival) => rival.get('/logout'))
      expect(await eventNames()).toEqual(['gone'])
      expect(events[0]?.detail.session).toMatch(/^[0-9a-f]{8}$/)
    },
  )

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
  test.each(LATE)('R12: $title in a request with the old id does not bring that back', async ({ slow, options }) => {
    const { app, visitor, records, errors, run } = interleave(wrap, slow, {}, options)
    await visitor.get('/login')
    const thief = new Visitor(app, visitor.jar.copy())
    const answer = await run((rival) => rival.get('/regenerate'))
    expect(answer.status).toBe(200)
    expect(errors).toEqual([])
    expect(await sessionOf(thief)).toEqual({})
    expect(records.size).toBe(1)
  })

  test.each(
    LATE.filter(({ title }) => title !== 'another logout').flatMap((entry) =>
      [undefined, 60_000].map((graceMs) => ({ ...entry, graceMs })),
    ),
  )(
    'R12: $title in a request with the old id leaves the visitor the new one, with graceMs: $graceMs',
    async ({ slow, options, graceMs }) => {
      const { visitor, errors, run } = interleave(wrap, slow, {}, { ...options, graceMs })
      await visitor.get('/login')
      const answer = await run((rival) => rival.get('/regenerate'))
      visitor.jar.accept(answer.setCookie)
      expect(await sessionOf(visitor)).not.toEqual({})
      expect(errors).toEqual([])
    },
  )
})
