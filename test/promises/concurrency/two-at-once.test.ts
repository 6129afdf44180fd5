import type { Context } from 'koa'
import { SessionService } from 'koa-session-service'
import { CONDITIONAL_STORES } from '../../support/backends/conditional-stores'
import { interleave } from '../../support/races/rivals'
import { sessionOf } from '../../support/app/site'

const set = (data: Record<string, unknown>) => (ctx: Context) => void Object.assign(ctx.session, data)

describe.each(CONDITIONAL_STORES)('two requests at once, with $name', ({ wrap }) => {
  test.each([
    ['each adds a key', { b: 2 }, { a: 1 }, { user: 'alice', a: 1, b: 2 }],
    ['each changes a key', { user: 'bob' }, { theme: 'light' }, { user: 'bob', theme: 'light' }],
    ['one sets null', { b: null }, { a: 1 }, { user: 'alice', a: 1, b: null }],
    ['the other sets null', { b: 2 }, { a: null }, { user: 'alice', a: null, b: 2 }],
    [
      'names of every object’s own parts',
      { toString: null },
      { valueOf: null },
      {
        user: 'alice',
        toString: null,
        valueOf: null,
      },
    ],
    ['both make the same change', { a: 1 }, { a: 1 }, { user: 'alice', a: 1 }],
    ['the same key: the last one wins', { user: 'bob' }, { user: 'carol' }, { user: 'bob' }],
    ['a key each, and the same one', { user: 'bob', b: 2 }, { user: 'carol', a: 1 }, { user: 'bob', a: 1, b: 2 }],
    [
      'names of the session’s own parts',
      { b: 2 },
      { constructor: 'c', hasOwnProperty: 1 },
      {
        user: 'alice',
        b: 2,
        constructor: 'c',
        hasOwnProperty: 1,
      },
    ],
  ])('R9, D17: %s', async (_, slowly, meanwhile, result) => {
    const { visitor, errors, run } = interleave(wrap, set(slowly), { '/rival': set(meanwhile) })
    await visitor.get('/login')
    await run((rival) => rival.get('/rival'))
    expect(await sessionOf(visitor)).toEqual(result)
    expect(errors).toEqual([])
  })

  test('D17: a key that one removes stays away, and one that the other removes as well', async () => {
    const { visitor, run } = interleave(wrap, (ctx) => delete ctx.session.a, {
      '/login': set({ a: 1, b: 2, c: 3 }),
      '/rival': (ctx) => delete ctx.session.b,
    })
    await visitor.get('/login')
    await run((rival) => rival.get('/rival'))
    expect(await sessionOf(visitor)).toEqual({ c: 3 })
  })

  test.each([
    ['constructor', 1],
    ['toString', 1],
    ['save', 1],
    ['toString', null],
    ['b', null],
  ])('D17: a key that one removes stays away: %s, which was %p', async (key, value) => {
    const { visitor, run } = interleave(wrap, (ctx) => (ctx.session = { user: 'alice' }), {
      '/login': (ctx) => (ctx.session = { user: 'alice', [key]: value }),
      '/rival': set({ a: 1 }),
    })
    await visitor.get('/login')
    await run((rival) => rival.get('/rival'))
    expect(await sessionOf(visitor)).toEqual({ user: 'alice', a: 1 })
  })

  test('D17: what both make of one key is settled by onConflict, over the whole', async () => {
    const onConflict = jest.fn((base: any, mine: any, theirs: any) => ({
      ...theirs,
      views: theirs.views + mine.views - base.views,
    }))
    const { visitor, run } = interleave(
      wrap,
      set({ views: 11, b: 2 }),
      { '/login': set({ views: 10 }), '/rival': set({ views: 15, a: 1 }) },
      { onConflict },
    )
    await visitor.get('/login')
    await run((rival) => rival.get('/rival'))
    expect(onConflict.mock.calls).toEqual([[{ views: 10 }, { views: 11, b: 2 }, { views: 15, a: 1 }]])
    expect(await sessionOf(visitor)).toEqual({ views: 16, a: 1 })
  })

  test('D17: onConflict is not asked where different keys were changed', async () => {
    const onConflict = jest.fn()
    const { visitor, run } = interleave(wrap, set({ b: 2 }), { '/rival': set({ a: 1 }) }, { onConflict })
    await visitor.get('/login')
    await run((rival) => rival.get('/rival'))
    expect(onConflict).not.toHaveBeenCalled()
  })

  test('D17: session:conflict tells of it, and the one who was last sees the merged data', async () => {
    const { visitor, eventNames, run, slowEnd } = interleave(
      wrap,
      async (ctx) => {
        ctx.session.b = 2
        await ctx.session.save()
      },
      { '/rival': set({ a: 1 }) },
    )
    await visitor.get('/login')
    await run((rival) => rival.get('/rival'))
    expect(await eventNames()).toEqual(['conflict'])
    expect(slowEnd()).toEqual({ user: 'alice', a: 1, b: 2 })
  })

  test('D17: a request that changes nothing takes nothing back, nor does its renewal', async () => {
    for (const options of [{}, { rolling: true }]) {
      const { visitor, run } = interleave(wrap, (ctx) => ctx.session.user, { '/rival': set({ a: 1 }) }, options)
      await visitor.get('/login')
      await run((rival) => rival.get('/rival'))
      expect(await sessionOf(visitor)).toEqual({ user: 'alice', a: 1 })
    }
  })

  test('D17: a renewal meanwhile is no obstacle to a change', async () => {
    const { visitor, errors, run } = interleave(wrap, set({ b: 2 }), {}, { rolling: true })
    await visitor.get('/login')
    await run((rival) => rival.get('/'))
    expect(await sessionOf(visitor)).toEqual({ user: 'alice', b: 2 })
    expect(errors).toEqual([])
  })

  test('D17: a change that was made meanwhile is kept under a new token', async () => {
    const { visitor, run } = interleave(wrap, (ctx) => ctx.session.regenerate(), { '/rival': set({ a: 1 }) })
    await visitor.get('/login')
    const answer = await run((rival) => rival.get('/rival'))
    visitor.jar.accept(answer.setCookie)
    expect(await sessionOf(visitor)).toEqual({ user: 'alice', a: 1 })
  })

  test('R26: a lifetime that one sets outlasts the other’s change', async () => {
    const { visitor, run } = interleave(wrap, set({ b: 2 }), {
      '/rival': (ctx) => (ctx.session.maxAge = 5_000),
      '/lifetime': (ctx) => (ctx.body = { maxAge: ctx.session.maxAge, data: ctx.session }),
    })
    await visitor.get('/login')
    await run((rival) => rival.get('/rival'))
    expect((await visitor.get('/lifetime')).json()).toEqual({ maxAge: 5_000, data: { user: 'alice', b: 2 } })
  })

  test('D17: one request’s own writes do not conflict with each other', async () => {
    const { visitor, eventNames } = interleave(wrap, () => undefined, {
      '/busy': async (ctx) => {
        const sessions = SessionService.of<SessionService>(ctx)
        await sessions.touch(ctx)
        ctx.session.a = 1
        await ctx.session.save()
        ctx.session.maxAge = 5_000
        await ctx.session.manuallyCommit()
        await sessions.touch(ctx)
        ctx.session.b = 2
      },
    })
    await visitor.get('/login')
    await visitor.get('/busy')
    expect(await eventNames()).toEqual([])
    expect(await sessionOf(visitor)).toEqual({ user: 'alice', a: 1, b: 2 })
  })
})
