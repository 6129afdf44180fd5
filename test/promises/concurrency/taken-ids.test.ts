import { MemoryStore } from 'koa-session-service'
import { CONDITIONAL_STORES } from '../../support/backends/conditional-stores'
import { cookieOf } from '../../support/set-cookie'
import { createSite, sessionOf } from '../../support/app/site'

describe.each(CONDITIONAL_STORES)('an id that is taken, with $name', ({ wrap }) => {
  const TAKEN = { user: 'mallory', _session: true } as const

  function createSiteWithIds(...ids: string[]) {
    const records = new MemoryStore()
    records.set('taken', TAKEN, 60_000)
    const genid = jest.fn(() => ids.shift() ?? 'taken')
    const site = createSite(
      { store: wrap(records), genid },
      {
        '/login': (ctx) => (ctx.session.user = 'alice'),
        '/regenerate': (ctx) => ctx.session.regenerate(),
        '/switch': (ctx) => {
          ctx.session = null
          ctx.session = { user: 'bob' }
        },
      },
    )
    return { ...site, records, genid }
  }

  test('R13: is not overwritten: a new one is tried', async () => {
    const { visitor, records } = createSiteWithIds('taken', 'taken', 'free')
    expect(cookieOf(await visitor.get('/login')).value).toBe('free')
    expect(records.get('taken')).toEqual(TAKEN)
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })

  test('R13: nor by a session that takes the place of another one', async () => {
    const { visitor, records } = createSiteWithIds('first', 'taken', 'second')
    await visitor.get('/login')
    expect(cookieOf(await visitor.get('/switch')).value).toBe('second')
    expect(records.get('taken')).toEqual(TAKEN)
  })

  test('R13, R53: a session that is regenerated keeps its id, and draws none', async () => {
    const { visitor, records, genid } = createSiteWithIds('first', 'taken', 'second')
    await visitor.get('/login')
    expect(cookieOf(await visitor.get('/regenerate')).value).toMatch(/^first~[\w-]{32}$/)
    expect(genid).toHaveBeenCalledTimes(1)
    expect(records.size).toBe(2)
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })

  test('R13: the attempts are bounded, and past the bound nothing is written', async () => {
    const { visitor, records, errors, genid } = createSiteWithIds()
    const answer = await visitor.get('/login')
    expect(answer.status).toBe(503)
    expect(answer.setCookie).toEqual([])
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_SESSION_CONFLICT' })])
    expect(genid.mock.calls.length).toBeLessThanOrEqual(12)
    expect(records.get('taken')).toEqual(TAKEN)
    expect(records.size).toBe(1)
  })

  test('R13: two new sessions at once do not share one', async () => {
    const ids = ['same', 'same', 'other']
    const records = new MemoryStore()
    const { visitor } = createSite(
      { store: wrap(records), genid: () => ids.shift() ?? 'more' },
      { '/login': (ctx) => (ctx.session.user = ctx.query.name) },
    )
    await Promise.all(['alice', 'bob'].map((name) => visitor.get(`/login?name=${name}`)))
    expect([records.get('same')?.user, records.get('other')?.user].sort()).toEqual(['alice', 'bob'])
  })
})
