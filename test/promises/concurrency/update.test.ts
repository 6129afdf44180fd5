import type { Session } from 'koa-session-service'
import { nextTurn } from '../../support/app/site'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { RacingApp, readData, type Verb } from '../../support/races/racing-app'

interface Race {
  /** What update() is told to do. */
  change: (session: Session) => unknown
  /** The requests that are made meanwhile, one in each run of `change`. */
  faster: string[]
  /** What the session begins with, beside `secret`. */
  data?: object
  /** What the request changes before it calls update(). */
  earlier?: object
  verbs?: Record<string, Verb>
}

describeOnEachStore('update()', (getStore) => {
  async function race({ change, faster, data, earlier, verbs }: Race) {
    const meanwhile: (() => Promise<unknown>)[] = []
    const update: Verb = (ctx, sessions) => {
      Object.assign(ctx.session, earlier)
      return sessions.update(async (session) => {
        await change(session)
        await meanwhile.shift()?.()
      }, ctx)
    }
    const begin: Verb = (ctx) => Object.assign(ctx.session, data)
    const { racing, visitor } = await RacingApp.open({ store: getStore(), verbs: { ...verbs, begin, slow: update } })
    await visitor.get('/begin')
    meanwhile.push(...faster.map((path) => () => racing.another(visitor).get(path)))
    const answer = await racing.another(visitor).get('/slow')
    expect(meanwhile).toEqual([])
    await nextTurn()
    return { answer, racing, data: await readData(visitor) }
  }

  it.each([1, 2, 3])('R10: update() runs again on fresh data after each of %d conflicts', async (conflicts) => {
    const seen: unknown[] = []
    const change = (session: Session) => {
      seen.push(session.views)
      session.views = (session.views ?? 0) + 100
    }
    const faster = Array<string>(conflicts).fill('/add/1')
    const { racing, data } = await race({ change, faster, data: { views: 1 } })
    expect(seen).toEqual(Array.from({ length: conflicts + 1 }, (_, index) => index + 1))
    expect(data).toEqual({ secret: 'secret', views: conflicts + 101 })
    expect(racing.events).toEqual(Array<string>(conflicts).fill('conflict'))
  })

  it('R10: update() keeps what others set and delete meanwhile, conflict after conflict', async () => {
    const change = (session: Session) => (session.mine = 1)
    const { data } = await race({ change, faster: ['/set/a', '/delete/old', '/set/b'], data: { old: 1 } })
    expect(data).toEqual({ secret: 'secret', mine: 1, a: 'a', b: 'b' })
  })

  it('R10: update() keeps what its own request has changed before, conflict after conflict', async () => {
    const change = (session: Session) => (session.mine = 1)
    const { data } = await race({ change, faster: ['/set/a', '/set/b'], earlier: { early: 1 } })
    expect(data).toEqual({ secret: 'secret', early: 1, mine: 1, a: 'a', b: 'b' })
  })

  it.each([1, 2])(
    'R10: update() runs on fresh data where it changes a value in place, after %d conflicts',
    async (conflicts) => {
      const { data } = await race({
        change: (session) => (session.items as string[]).push('mine'),
        faster: Array<string>(conflicts).fill('/push'),
        data: { items: [] },
        verbs: { push: ({ session }) => (session.items as string[]).push('theirs') },
      })
      expect(data?.items).toEqual([...Array<string>(conflicts).fill('theirs'), 'mine'])
    },
  )

  it('R10: update() writes nothing where its function fails in a later run', async () => {
    let runs = 0
    const change = (session: Session) => {
      session.mine = 1
      if (++runs === 2) throw new Error('on second thoughts')
    }
    const { answer, racing, data } = await race({ change, faster: ['/set/theirs'] })
    expect(answer.status).toBe(500)
    expect(racing.errors).toMatchObject([{ message: 'on second thoughts' }])
    expect(data).toEqual({ secret: 'secret', theirs: 'theirs' })
  })

  it.each(['/null', '/destroy'])(
    'R10: R11: update() answers null where %s was faster, and writes nothing',
    async (path) => {
      const { answer, racing } = await race({ change: (session) => (session.mine = 1), faster: [path] })
      expect(answer).toMatchObject({ status: 200, body: '{"data":null}', setCookie: [] })
      expect(await racing.records()).toEqual([])
      expect(racing.events).toEqual(['gone'])
    },
  )

  it('R10: R34: a session that changes hands in a later run of update() has a new token', async () => {
    const { racing, visitor } = await RacingApp.open({
      store: getStore(),
      owner: ({ user }) => user as string,
      verbs: {
        accept: (ctx, sessions) =>
          sessions.update(async (session) => {
            session.tried = true
            if (session.invitation) session.user = session.invitation
            else await racing.another(visitor).get('/set/invitation?value=alice')
          }, ctx),
      },
    })
    const browser = racing.another(visitor)
    await browser.get('/accept')
    expect(browser.jar.header).not.toBe(visitor.jar.header)
    expect(await readData(browser)).toMatchObject({ user: 'alice' })
    expect(await readData(visitor)).toEqual({})
  })
})
