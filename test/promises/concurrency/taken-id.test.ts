import { randomUUID } from 'node:crypto'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { idOf, RacingApp, readData } from '../../support/races/racing-app'

describeOnEachStore('a new id that another session has', (getStore) => {
  /** Alice has a session; then `genid` yields her id so many times before a free one. */
  async function open(times: number) {
    const run = randomUUID()
    const drawn: string[] = []
    let left = 0
    const genid = () => {
      const id = left-- > 0 ? `${run}-0` : `${run}-${drawn.length}`
      drawn.push(id)
      return id
    }
    const racing = new RacingApp({ store: getStore(), genid })
    const [alice, bob] = [racing.visitor(), racing.visitor()]
    await alice.get('/set/alice')
    await bob.get('/set/bob')
    const before = await racing.record(idOf(alice))
    drawn.length = 0
    left = times
    return { racing, alice, bob, before, drawn }
  }

  it('R13: a new session passes over an id that another session has, and takes a free one', async () => {
    const { racing, alice, before } = await open(2)
    const carol = racing.visitor()
    expect((await carol.get('/set/carol')).status).toBe(200)
    expect(idOf(carol)).not.toBe(idOf(alice))
    expect(await readData(carol)).toEqual({ carol: 'carol' })
    expect(await racing.record(idOf(alice))).toEqual(before)
  })

  it('R13: a new session ends with a coded error where each id drawn is taken, after a bounded number, and touches no other session', async () => {
    const { racing, alice, before, drawn } = await open(Infinity)
    const carol = racing.visitor()
    expect(await carol.get('/set/carol')).toMatchObject({ status: 503, setCookie: [] })
    expect(racing.errors).toMatchObject([{ code: 'ERR_SESSION_CONFLICT', status: 503 }])
    expect(drawn.length).toBeLessThanOrEqual(12)
    expect(await racing.record(idOf(alice))).toEqual(before)
    expect(await racing.records()).toHaveLength(2)
  })

  it('R13: many new sessions that draw one id at once get one of their own each', async () => {
    const run = randomUUID()
    let draws = 0
    const genid = () => `${run}-${++draws <= 50 ? draws % 5 : draws}`
    const racing = new RacingApp({ store: getStore(), genid })
    const visitors = Array.from({ length: 50 }, () => racing.visitor())
    await Promise.all(visitors.map((visitor, index) => visitor.get(`/set/key${index}`)))
    expect(new Set(visitors.map(idOf)).size).toBe(50)
    for (const [index, visitor] of visitors.entries()) {
      expect(await readData(visitor)).toEqual({ [`key${index}`]: `key${index}` })
    }
  })

  it('R13, R53: a session that is regenerated keeps its own id, and draws none', async () => {
    const { racing, alice, bob, before, drawn } = await open(Infinity)
    const old = racing.another(bob)
    expect((await bob.get('/regenerate')).status).toBe(200)
    expect(idOf(bob)).toBe(idOf(old))
    expect(drawn).toEqual([])
    expect(await readData(bob)).toEqual({ bob: 'bob' })
    expect(await readData(old)).toEqual({})
    expect(await racing.record(idOf(alice))).toEqual(before)
  })

  it('R13: a session that takes the place of another one passes over an id that is taken', async () => {
    const { racing, alice, bob, before } = await open(2)
    const old = racing.another(bob)
    expect((await bob.get('/restart/new')).status).toBe(200)
    expect([idOf(alice), idOf(old)]).not.toContain(idOf(bob))
    expect(await readData(bob)).toEqual({ new: 'new' })
    expect(await racing.record(idOf(alice))).toEqual(before)
  })
})
