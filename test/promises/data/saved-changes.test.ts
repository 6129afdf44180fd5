import { createRequire } from 'node:module'
import { BACKENDS } from '../../support/backends/backends'
import { cookieNames } from '../../support/set-cookie'
import { createSite, sessionOf } from '../../support/app/site'

/** Two login states with one CRC-32. */
const ADMIN = '{"user":"alice","role":"admin","note":"x"}'
const GUEST = '{"user":"alice","role":"guest","note":"ababbbbababaabbbaababbbbaaaaababaaaaaaaa"}'

test('R8: the two texts that these tests change have one checksum, as koa-session computes it', () => {
  const { crc32 } = createRequire(require.resolve('koa-session'))('crc') as { crc32: (text: string) => number }
  expect([crc32(ADMIN), crc32(GUEST)]).toEqual([0x9fa0b60f, 0x9fa0b60f])
})

describe.each(BACKENDS)('changes with $name', ({ options }) => {
  test.each([
    [ADMIN, GUEST],
    [GUEST, ADMIN],
  ])('R8, D1: a change that CRC-32 cannot see is saved: from %s', async (before, after) => {
    const { visitor } = createSite(options(), {
      '/before': (ctx) => (ctx.session = JSON.parse(before)),
      '/after': (ctx) => Object.assign(ctx.session, JSON.parse(after)),
    })
    await visitor.get('/before')
    expect(cookieNames(await visitor.get('/after'))).toContain('koa.sess')
    expect(JSON.stringify(await sessionOf(visitor))).toBe(after)
  })

  test.each<[string, object, (data: Record<string, any>) => unknown]>([
    ['a key added', { a: 1 }, (data) => (data.b = 2)],
    ['a key removed', { a: 1, b: 2 }, (data) => delete data.b],
    ['a value changed', { a: 1 }, (data) => (data.a = '1')],
    ['a value far below', { a: { b: { c: [1] } } }, (data) => data.a.b.c.push(2)],
    ['a value emptied', { a: 'x' }, (data) => (data.a = '')],
    ['a value made null', { a: 0 }, (data) => (data.a = null)],
  ])('D1: %s is a change that is saved', async (_, before, change) => {
    const { visitor } = createSite(options(), {
      '/before': (ctx) => (ctx.session = { ...before }),
      '/after': (ctx) => change(ctx.session),
    })
    const expected = structuredClone(before)
    change(expected)
    await visitor.get('/before')
    await visitor.get('/after')
    expect(await sessionOf(visitor)).toEqual(expected)
  })

  test('D1: setting a value to what it was is no change, and is not saved', async () => {
    const { visitor } = createSite(options(), { '/set': (ctx) => (ctx.session.user = { name: 'alice' }) })
    await visitor.get('/set')
    expect((await visitor.get('/set')).setCookie).toEqual([])
  })
})
