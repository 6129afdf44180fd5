import session from 'koa-session-service'
import { createApp, Visitor } from '../../support/app/app'
import { backendsWith, PlainStore } from '../../support/backends/backends'
import { idOf, RacingApp, readData, type RacingAppOptions } from '../../support/races/racing-app'

/** What koa-session's three methods can promise, and what they cannot. */
describe('a plain store of three methods', () => {
  async function race(slow: string, fast: string, options: Partial<RacingAppOptions> = {}, before: string[] = []) {
    const store = new PlainStore()
    const { racing, visitor } = await RacingApp.open({ ...options, store })
    for (const path of before) await visitor.get(path)
    const oldId = idOf(visitor)
    const late = racing.another(visitor)
    const request = await racing.start(late, slow)
    await visitor.get(fast)
    const answer = await request.finish()
    expect(answer.status).toBe(200)
    return { racing, store, visitor, late, oldId }
  }

  it('R9: the last writer to a plain store wins, with the whole of its record', async () => {
    const { late } = await race('/set/mine', '/set/theirs')
    expect(await readData(late)).toEqual({ secret: 'secret', mine: 'mine' })
  })

  it('R9: a key that another request has deleted comes back in a plain store', async () => {
    const { late } = await race('/set/mine', '/delete/old', {}, ['/set/old'])
    expect(await readData(late)).toEqual({ secret: 'secret', mine: 'mine', old: 'old' })
  })

  it('R9: a plain store leads to no call of onConflict', async () => {
    const onConflict = jest.fn()
    await race('/add/1', '/add/2', { onConflict })
    expect(onConflict).not.toHaveBeenCalled()
  })

  it('R10: update() on a plain store runs once, and overwrites what was faster', async () => {
    const runs = jest.fn((data: { views?: number }) => (data.views = (data.views ?? 0) + 1))
    const verbs: RacingAppOptions['verbs'] = { slow: (ctx, sessions) => sessions.update(runs, ctx) }
    const { late } = await race('/slow', '/increment', { verbs })
    expect(await readData(late)).toEqual({ secret: 'secret', views: 1 })
    expect(runs).toHaveBeenCalledTimes(1)
  })

  it.each([
    ['with a change', '/set/late', false, { secret: 'secret', late: 'late' }],
    ['with update()', '/update/late', false, { secret: 'secret', late: 'late' }],
    ['with rolling and no change', '/read', true, { secret: 'secret' }],
    ['with a touch', '/touch', false, { secret: 'secret' }],
    ['with a save', '/save', false, { secret: 'secret' }],
  ])(
    'R11: a slow request on a plain store brings the session back after a logout: %s',
    async (_title, slow, rolling, data) => {
      const { racing, late, oldId } = await race(slow, '/null', { rolling })
      expect(await racing.record(oldId)).toMatchObject(data)
      expect(await readData(late)).toEqual(data)
    },
  )

  it('R11: a slow request on a plain store brings the session back after a logout under a new id, by regenerate()', async () => {
    const { racing, late, oldId } = await race('/regenerate', '/null')
    expect(await racing.record(oldId)).toBeUndefined()
    expect(await readData(late)).toEqual({ secret: 'secret' })
  })

  it('R11: a slow request that neither changes nor renews the session does not bring it back to a plain store', async () => {
    const { racing, late } = await race('/read', '/null')
    expect(await racing.records()).toEqual([])
    expect(await readData(late)).toEqual({})
  })

  it('R12: a request that was under way at a regenerate() brings the old id back to a plain store', async () => {
    const { racing, visitor, oldId } = await race('/set/late', '/regenerate')
    expect(await racing.record(oldId)).toMatchObject({ secret: 'secret', late: 'late' })
    expect(await readData(visitor)).toEqual({ secret: 'secret' })
  })

  it('R13: a new session overwrites one that has its id in a plain store', async () => {
    const racing = new RacingApp({ store: new PlainStore(), genid: () => 'one-id' })
    const [alice, bob] = [racing.visitor(), racing.visitor()]
    await alice.get('/set/alice')
    await bob.get('/set/bob')
    expect(await readData(alice)).toEqual({ bob: 'bob' })
  })
})

describe.each(backendsWith({ hasIds: true }))('$name', ({ options, isConditional }) => {
  it(`R9: R11: a store ${isConditional ? 'keeps both changes' : 'lets the last writer win'} where requests overlap`, async () => {
    const app = createApp()
    app.use(session(options(), app))
    let overlap: (() => Promise<unknown>) | undefined
    app.use(async (ctx) => {
      ctx.session[ctx.path.slice(1)] = 1
      const other = overlap
      overlap = undefined
      await other?.()
      ctx.body = ctx.session
    })
    const visitor = new Visitor(app)
    await visitor.get('/first')
    overlap = () => new Visitor(app, visitor.jar.copy()).get('/fast')
    await visitor.get('/slow')
    const both = { first: 1, fast: 1, slow: 1, read: 1 }
    expect((await visitor.get('/read')).json()).toEqual(isConditional ? both : { first: 1, slow: 1, read: 1 })
  })
})
