import type { Context } from 'koa'
import { nextTurn } from '../../support/app/site'
import { startClock, stopClock } from '../../support/clock'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { idOf, RacingApp, type RacingAppOptions, readData, THIRTY_DAYS } from '../../support/races/racing-app'

const ONE_DAY = 24 * 60 * 60 * 1000

describeOnEachStore('two parallel requests that change one session', (getStore) => {
  /** `slow` reads first and writes last; `fast` does both in between. */
  async function race(slow: string, fast: string, options: Partial<RacingAppOptions> = {}, before: string[] = []) {
    const { racing, visitor } = await RacingApp.open({ store: getStore(), ...options })
    for (const path of before) await visitor.get(path)
    const request = await racing.start(racing.another(visitor), slow)
    const fastAnswer = await racing.another(visitor).get(fast)
    const slowAnswer = await request.finish()
    expect([fastAnswer.status, slowAnswer.status]).toEqual([200, 200])
    await nextTurn()
    const [record, events] = [await racing.record(idOf(visitor)), [...racing.events]]
    return { data: await readData(visitor), record, events, fastAnswer, slowAnswer }
  }

  /** The same for requests that set many keys. */
  function raceWith(mine: object, theirs: object, options: Partial<RacingAppOptions> = {}, base: object = {}) {
    const put = (data: object) => (ctx: Context) => void Object.assign(ctx.session, data)
    const verbs = { base: put(base), mine: put(mine), theirs: put(theirs) }
    return race('/mine', '/theirs', { ...options, verbs }, ['/base'])
  }

  it('R9: the changes of two parallel requests are both kept where the keys differ', async () => {
    const { data, events } = await race('/set/mine', '/set/theirs')
    expect(data).toEqual({ secret: 'secret', mine: 'mine', theirs: 'theirs' })
    expect(events).toEqual(['conflict'])
  })

  it('R9, D17: the request that saves last sees the merged data at once', async () => {
    const { data, slowAnswer } = await race('/setandsave/mine', '/set/theirs', {
      verbs: { setandsave: async (ctx, sessions, key) => ((ctx.session[key] = key), sessions.save(ctx)) },
    })
    expect(slowAnswer.json()).toEqual({ data: { secret: 'secret', mine: 'mine', theirs: 'theirs' } })
    expect(data).toEqual({ secret: 'secret', mine: 'mine', theirs: 'theirs' })
  })

  it.each<[string, object, object]>([
    ['null that one sets', { b: null }, { a: 1 }],
    ['null that the other sets', { b: 2 }, { a: null }],
    ['names of every object’s own parts, set to null', { toString: null }, { valueOf: null }],
    ['the same change, made by both', { a: 1 }, { a: 1 }],
    ['names of the session’s own parts', { b: 2 }, { constructor: 'c', hasOwnProperty: 1 }],
    ['a key of each beside one of both', { user: 'bob', b: 2 }, { user: 'carol', a: 1 }],
  ])('R9, D17: two parallel requests keep %s', async (_what, mine, theirs) => {
    const { data } = await raceWith(mine, theirs)
    expect(data).toEqual({ secret: 'secret', ...theirs, ...mine })
  })

  it.each([
    ['constructor', 1],
    ['toString', 1],
    ['save', 1],
    ['toString', null],
    ['b', null],
  ])('R9, D17: the key "%s", which was %p, stays away where one of two requests removes it', async (key, value) => {
    const begin = (ctx: Context) => (ctx.session = { secret: 'secret', [key]: value })
    const drop = (ctx: Context) => (ctx.session = { secret: 'secret' })
    const { data } = await race('/drop', '/set/a', { verbs: { begin, drop } }, ['/begin'])
    expect(data).toEqual({ secret: 'secret', a: 'a' })
  })

  it('R9, D17: keys that two requests remove, one each, stay away', async () => {
    const { data } = await race('/delete/a', '/delete/b', {}, ['/set/a', '/set/b', '/set/c'])
    expect(data).toEqual({ secret: 'secret', c: 'c' })
  })

  it.each([false, true])(
    'R9, D17: a request that changes nothing takes no change of another back, nor does its renewal (rolling: %p)',
    async (rolling) => {
      const { data } = await race('/read', '/set/a', { rolling })
      expect(data).toEqual({ secret: 'secret', a: 'a' })
    },
  )

  it('R9, D17: a renewal by another request does not stand in the way of a change', async () => {
    const { data } = await race('/set/b', '/read', { rolling: true })
    expect(data).toEqual({ secret: 'secret', b: 'b' })
  })

  it('D17: the writes of one request do not conflict with each other', async () => {
    const { racing, visitor } = await RacingApp.open({
      store: getStore(),
      verbs: {
        busy: async (ctx, sessions) => {
          await sessions.touch(ctx)
          ctx.session.a = 1
          await ctx.session.save()
          ctx.session.maxAge = THIRTY_DAYS
          await ctx.session.manuallyCommit()
          await sessions.touch(ctx)
          ctx.session.b = 2
        },
      },
    })
    await visitor.get('/busy')
    await nextTurn()
    expect(racing.events).toEqual([])
    expect(await readData(visitor)).toEqual({ secret: 'secret', a: 1, b: 2 })
  })

  it('R9: the last request to write a key wins', async () => {
    const { data } = await race('/set/name?value=slow', '/set/name?value=fast')
    expect(data).toMatchObject({ name: 'slow' })
  })

  it.each([
    ['a key stays deleted when the other request changes another one', '/set/other', '/delete/name', undefined],
    ['a key is deleted although the other request changed another one', '/delete/name', '/set/other', undefined],
    ['a key is deleted although the other request changed it', '/delete/name', '/set/name?value=theirs', undefined],
    ['a key is set although the other request deleted it', '/set/name?value=mine', '/delete/name', 'mine'],
  ])('R9: two parallel requests agree on what is deleted and what is set: %s', async (_title, slow, fast, name) => {
    const { data } = await race(slow, fast, {}, ['/set/name'])
    expect(data?.name).toBe(name)
  })

  it('R8: R9: a change that CRC-32 cannot see is kept beside those of another request', async () => {
    const note = 'ababbbbababaabbbaababbbbaaaaababaaaaaaaa'
    const before = { user: 'alice', role: 'admin', note: 'x' }
    const verbs = {
      promote: (ctx: { session: object }) => (ctx.session = before),
      demote: (ctx: { session: object }) => Object.assign(ctx.session, { role: 'guest', note }),
    }
    const { data } = await race('/demote', '/set/other', { verbs }, ['/promote'])
    expect(data).toEqual({ user: 'alice', role: 'guest', note, other: 'other' })
  })

  it('R26: a renewal that began before another request made the life longer does not make it shorter', async () => {
    stopClock()
    const expire = Date.now() + THIRTY_DAYS
    const { record } = await race('/read', '/remember', { rolling: true }).finally(startClock)
    expect(record).toMatchObject({ _maxAge: THIRTY_DAYS, _expire: expire })
  })

  describe('with onConflict', () => {
    const onConflict = jest.fn((base, mine, theirs) => ({
      ...theirs,
      views: mine.views + theirs.views - (base.views ?? 0),
    }))

    beforeEach(() => onConflict.mockClear())

    it('R9, D17: onConflict is told the three states, and decides over the whole', async () => {
      const { data } = await raceWith({ views: 11, b: 2 }, { views: 6, a: 1 }, { onConflict }, { views: 1 })
      const base = { secret: 'secret', views: 1 }
      expect(onConflict.mock.calls).toEqual([[base, { ...base, views: 11, b: 2 }, { ...base, views: 6, a: 1 }]])
      expect(data).toEqual({ secret: 'secret', views: 16, a: 1 })
    })

    it('R9: onConflict is not asked where the keys differ', async () => {
      const { data } = await race('/set/mine', '/set/theirs', { onConflict })
      expect(onConflict).not.toHaveBeenCalled()
      expect(data).toMatchObject({ mine: 'mine', theirs: 'theirs' })
    })
  })

  describe('one of them its lifetime', () => {
    let now: number

    beforeAll(() => {
      stopClock()
      now = Date.now()
    })

    afterAll(startClock)

    it.each([
      ['/set/late', '/remember', false],
      ['/remember', '/set/early', false],
      ['/increment', '/remember', false],
    ])('R9: R26: %s finishes after %s (rolling: %p): the session is remembered', async (slow, fast, rolling) => {
      const { record, slowAnswer } = await race(slow, fast, { rolling })
      expect(record).toMatchObject({ _maxAge: THIRTY_DAYS, _expire: now + THIRTY_DAYS })
      if (slow === '/set/late') expect(slowAnswer.setCookie[0]).toContain(new Date(now + THIRTY_DAYS).toUTCString())
    })

    it('R9: a session that nobody asked to remember is not remembered by a parallel request', async () => {
      const { record } = await race('/set/late', '/set/early')
      expect(record).toMatchObject({ _maxAge: ONE_DAY, _expire: now + ONE_DAY })
    })
  })
})
