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
    const record = await racing.record(idOf(visitor))
    return { data: await readData(visitor), record, fastAnswer, slowAnswer }
  }

  it('R9: both changes are kept where the keys differ', async () => {
    const { data, slowAnswer } = await race('/set/mine', '/set/theirs')
    expect(data).toEqual({ secret: 'secret', mine: 'mine', theirs: 'theirs' })
    expect(slowAnswer.json()).toEqual({ data })
  })

  it('R9: the last writer of a key wins', async () => {
    const { data } = await race('/set/name?value=slow', '/set/name?value=fast')
    expect(data).toMatchObject({ name: 'slow' })
  })

  it.each([
    ['a key stays deleted when the other request changes another one', '/set/other', '/delete/name', undefined],
    ['a key is deleted although the other request changed another one', '/delete/name', '/set/other', undefined],
    ['a key is deleted although the other request changed it', '/delete/name', '/set/name?value=theirs', undefined],
    ['a key is set although the other request deleted it', '/set/name?value=mine', '/delete/name', 'mine'],
  ])('R9: %s', async (_title, slow, fast, name) => {
    const { data } = await race(slow, fast, {}, ['/set/name'])
    expect(data?.name).toBe(name)
  })

  it('R8: R9: a change that CRC-32 cannot see is kept among others', async () => {
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

    it('R9: it is told the three states, and decides', async () => {
      const { data } = await race('/add/10', '/add/5', { onConflict }, ['/add/1'])
      const [base, mine, theirs] = [1, 11, 6].map((views) => ({ secret: 'secret', views }))
      expect(onConflict.mock.calls).toEqual([[base, mine, theirs]])
      expect(data?.views).toBe(16)
    })

    it('R9: it is not asked where the keys differ', async () => {
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

    it('R9: a session that nobody asked to remember is not', async () => {
      const { record } = await race('/set/late', '/set/early')
      expect(record).toMatchObject({ _maxAge: ONE_DAY, _expire: now + ONE_DAY })
    })
  })
})
