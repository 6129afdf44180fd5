import { LayeredStore } from 'koa-session-service'
import { nextTurn } from '../../support/app/site'
import { cookieNames, cookieOf } from '../../support/set-cookie'
import { startClock, stopClock } from '../../support/clock'
import { describeOnEachStore, type FullStore } from '../../support/backends/conditional-backends'
import { idOf, RacingApp, readData } from '../../support/races/racing-app'

const LOGOUTS = ['/null', '/destroy', '/restart/new']

/** What a request does that reads the session before a logout, and ends after it; whether `rolling` is on. */
const LATE: [what: string, path: string, rolling?: boolean][] = [
  ['with a change', '/set/late'],
  ['with a deletion', '/delete/secret'],
  ['with a new object', '/replace/late'],
  ['with update()', '/update/late'],
  ['with rolling and no change', '/read', true],
  ['with rolling and a change', '/set/late', true],
  ['with a touch', '/touch'],
  ['with a save', '/save'],
  ['with a save and a change', '/savethenset/late'],
  ['with a new lifetime', '/remember'],
  ['after regenerate()', '/regenerate'],
  ['after regenerate(), with rolling', '/regenerate', true],
  ['with another logout', '/destroy'],
]

describeOnEachStore('a slow request that ends after a logout', (getStore) => {
  describe.each(LOGOUTS)('by %s', (logout) => {
    it.each(LATE)(
      'R11, D16, D22: a slow request that ends after a logout does not bring the session back: %s',
      async (_what, slow, rolling = false) => {
        const { racing, visitor } = await RacingApp.open({ store: getStore(), rolling })
        const late = racing.another(visitor)
        const request = await racing.start(late, slow)
        await racing.another(visitor).get(logout)
        const { status, setCookie } = await request.finish()
        expect(status).toBe(200)
        await nextTurn()
        expect(racing.events).toEqual(slow === '/destroy' ? [] : ['gone'])
        if (slow !== '/destroy') expect(setCookie).toEqual([])
        expect(racing.errors).toEqual([])
        expect(await racing.secrets()).toEqual([])
        expect(await racing.record(idOf(visitor))).toBeUndefined()
        expect(await readData(late)).toEqual({})
        expect(await readData(visitor)).toEqual({})
      },
    )

    it('R11: R34: a slow request that ends after a logout does not bring the session back where it changes hands', async () => {
      const { racing, visitor } = await RacingApp.open({ store: getStore(), owner: ({ user }) => user as string })
      const request = await racing.start(racing.another(visitor), '/set/user')
      await racing.another(visitor).get(logout)
      expect((await request.finish()).status).toBe(200)
      expect(await racing.secrets()).toEqual([])
    })

    it('R11: a slow request that ends after a logout does not bring the session back through another process', async () => {
      const { racing, visitor } = await RacingApp.open({ store: getStore(), processes: 2 })
      const request = await racing.start(racing.another(visitor, 1), '/set/late')
      await racing.another(visitor, 0).get(logout)
      await request.finish()
      expect(await racing.secrets()).toEqual([])
    })
  })

  it('D12: a slow request that ends after a logout clears the cookies where it is a logout itself', async () => {
    const { racing, visitor } = await RacingApp.open({ store: getStore() })
    const request = await racing.start(visitor, '/null')
    await racing.another(visitor).get('/null')
    const answer = await request.finish()
    expect(cookieNames(answer)).toEqual(['koa.sess', 'koa.sess.sig'])
    expect(cookieOf(answer).expires).toBe(0)
  })

  it.each([
    ['a change and regenerate(), as a sign-in without "owner" is,', '/login/bob'],
    ['null and an object', '/restart/user'],
  ])(
    'R11, D16: a slow request that ends after a logout, with %s, goes on with a session of its own',
    async (_what, slow) => {
      const { racing, visitor } = await RacingApp.open({ store: getStore() })
      const late = racing.another(visitor)
      const request = await racing.start(late, slow)
      await racing.another(visitor).get('/null')
      await request.finish()
      expect(Object.keys((await readData(late)) ?? {})).toEqual(['user'])
      expect(await readData(visitor)).toEqual({})
      expect(await racing.records()).toHaveLength(1)
      expect(racing.errors).toEqual([])
    },
  )

  it('R11: a slow request that ends after a logout is told to nobody but the event "gone"', async () => {
    const { racing, visitor } = await RacingApp.open({ store: getStore() })
    const gone = new Promise((resolve) => racing.apps[0]?.once('session:gone', resolve))
    const request = await racing.start(visitor, '/set/late')
    await racing.another(visitor).get('/null')
    await request.finish()
    expect(await gone).toMatchObject({ session: expect.stringMatching(/^[\w-]{8}$/), ctx: { path: '/set/late' } })
    expect(racing.errors).toEqual([])
  })
})

describeOnEachStore('a logout that ends after a faster request', (getStore) => {
  it.each(['/set/early', '/update/early', '/touch', '/remember', '/save'])(
    'R11: a logout that ends after a faster request ends the session that %s has just written',
    async (fast) => {
      const { racing, visitor } = await RacingApp.open({ store: getStore() })
      const request = await racing.start(racing.another(visitor), '/null')
      await racing.another(visitor).get(fast)
      expect((await request.finish()).status).toBe(200)
      expect(await racing.secrets()).toEqual([])
    },
  )
})

describeOnEachStore('a token that was rotated away long ago, where a cache still accepts it', (getStore) => {
  async function open() {
    const { racing, visitor } = await RacingApp.open({
      store: getStore(),
      processes: 2,
      storeOf: (store) => new LayeredStore(store as FullStore, { maxStale: 60_000 }),
    })
    const thief = racing.another(visitor, 1)
    await thief.get('/read')
    return { racing, visitor, thief }
  }

  it.each(LOGOUTS)(
    'R11, R53: a token that was rotated away long ago, where a cache still accepts it, ends nothing, by %s',
    async (logout) => {
      const clock = stopClock()
      try {
        const { racing, visitor, thief } = await open()
        await visitor.get('/regenerate')
        clock.advance(20_000)
        expect(await readData(thief)).toEqual({ secret: 'secret' })
        expect((await thief.get(logout)).status).toBe(200)
        expect(await readData(visitor)).toEqual({ secret: 'secret' })
        expect(await racing.secrets()).toHaveLength(1)
      } finally {
        startClock()
      }
    },
  )

  it.each(LOGOUTS)(
    'R11: a logout ends the session that another process has written meanwhile, by %s',
    async (logout) => {
      const { racing, visitor, thief: copy } = await open()
      await visitor.get('/set/more')
      expect((await copy.get(logout)).status).toBe(200)
      expect(await racing.secrets()).toEqual([])
      expect(await racing.record(idOf(visitor))).toBeUndefined()
    },
  )
})
