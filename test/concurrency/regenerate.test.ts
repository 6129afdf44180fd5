import { describeOnEachStore } from '../support/conditional-backends'
import { idOf, RacingApp, readData } from '../support/racing-app'

/** What may be under way while another request moves the session; whether `rolling` is on. */
const UNDER_WAY: [path: string, rolling: boolean][] = [
  ['/read', false],
  ['/read', true],
  ['/set/late', false],
  ['/set/late', true],
  ['/update/late', false],
  ['/touch', false],
  ['/save', false],
  ['/remember', false],
  ['/regenerate', false],
]

describeOnEachStore('a request that is under way while another one regenerates', (getStore) => {
  describe.each(UNDER_WAY)('%s (rolling: %p)', (path, rolling) => {
    async function race(processes = 1) {
      const { racing, visitor } = await RacingApp.open({ store: getStore(), rolling, processes })
      const oldId = idOf(visitor)
      const old = racing.another(visitor)
      const request = await racing.start(racing.another(visitor, 1), path)
      await visitor.get('/regenerate')
      const answer = await request.finish()
      return { racing, visitor, old, oldId, answer }
    }

    it('R12: R34: finishes without error, and leaves the old id dead', async () => {
      const { racing, old, oldId, answer } = await race()
      expect(answer.status).toBe(200)
      expect(racing.errors).toEqual([])
      expect(await racing.record(oldId)).toBeUndefined()
      expect(await readData(old)).toEqual({})
    })

    it('R12: leaves the session under its new id as it is', async () => {
      const { racing, visitor, oldId } = await race()
      expect(idOf(visitor)).not.toBe(oldId)
      expect(await racing.records()).toHaveLength(1)
      expect(await readData(visitor)).toEqual({ secret: 'secret' })
    })

    it('R12: does the same in another process', async () => {
      const { racing, visitor, oldId, answer } = await race(2)
      expect(answer.status).toBe(200)
      expect(await racing.record(oldId)).toBeUndefined()
      expect(await readData(visitor)).toEqual({ secret: 'secret' })
    })

    it('R12: does not take the new session from the browser with its late answer', async () => {
      const { racing, visitor } = await RacingApp.open({ store: getStore(), rolling })
      const request = await racing.start(visitor, path)
      await visitor.get('/regenerate')
      await request.finish()
      expect(await readData(visitor)).toMatchObject({ secret: 'secret' })
    })
  })

  it.each(['/null', '/destroy'])('R12: %s clears the cookie, and ends nothing but the old session', async (logout) => {
    const { racing, visitor } = await RacingApp.open({ store: getStore() })
    const late = racing.another(visitor)
    const request = await racing.start(late, logout)
    await visitor.get('/regenerate')
    expect((await request.finish()).status).toBe(200)
    expect(late.jar.values.size).toBe(0)
    expect(await readData(visitor)).toEqual({ secret: 'secret' })
  })

  it('R9: R12: what it has written before the move comes along', async () => {
    const { racing, visitor } = await RacingApp.open({ store: getStore() })
    const request = await racing.start(visitor, '/regenerate')
    await racing.another(visitor).get('/set/early')
    await request.finish()
    expect(await readData(visitor)).toEqual({ secret: 'secret', early: 'early' })
  })

  it('R12: two logins at once both finish without error, and one session is left', async () => {
    const { racing, visitor } = await RacingApp.open({ store: getStore() })
    const request = await racing.start(visitor, '/login/alice')
    expect((await visitor.get('/login/alice')).status).toBe(200)
    expect((await request.finish()).status).toBe(200)
    expect(racing.errors).toEqual([])
    expect(await racing.secrets()).toHaveLength(1)
    expect(await readData(visitor)).toMatchObject({ user: 'alice' })
  })
})
