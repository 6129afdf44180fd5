import { nextTurn } from '../../support/app/site'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { idOf, RacingApp, type RacingAppOptions, readData, tokenOf } from '../../support/races/racing-app'

/** What may be under way while another request regenerates the session; whether `rolling` is on. */
const UNDER_WAY: [path: string, rolling: boolean][] = [
  ['/read', false],
  ['/read', true],
  ['/set/late', false],
  ['/replace/late', false],
  ['/savethenset/late', false],
  ['/set/late', true],
  ['/update/late', false],
  ['/touch', false],
  ['/save', false],
  ['/remember', false],
  ['/regenerate', false],
]

const owner: RacingAppOptions['owner'] = ({ user }) => user as string | undefined

describeOnEachStore('a request that is under way while another one regenerates', (getStore) => {
  describe.each(UNDER_WAY)('%s (rolling: %p)', (path, rolling) => {
    async function race(processes = 1) {
      const { racing, visitor } = await RacingApp.open({ store: getStore(), rolling, processes })
      const old = racing.another(visitor)
      const request = await racing.start(racing.another(visitor, 1), path)
      await visitor.get('/regenerate')
      const answer = await request.finish()
      return { racing, visitor, old, answer }
    }

    it('R12, R34: a request that is under way while another one regenerates finishes without error, and leaves the old token dead', async () => {
      const { racing, visitor, old, answer } = await race()
      expect(answer.status).toBe(200)
      await nextTurn()
      expect(racing.errors).toEqual([])
      expect(racing.events).toEqual(path === '/read' && !rolling ? [] : ['gone'])
      expect(tokenOf(visitor)).not.toBe(tokenOf(old))
      expect(await readData(old)).toEqual({})
    })

    it('R12, R53: a request that is under way while another one regenerates leaves the session as it is, under the key that it had', async () => {
      const { racing, visitor, old } = await race()
      expect(idOf(visitor)).toBe(idOf(old))
      expect(await racing.records()).toEqual([await racing.record(idOf(old))])
      expect(await readData(visitor)).toEqual({ secret: 'secret' })
    })

    it('R12: a request that is under way in another process while one regenerates leaves the session as it is, and the old token dead', async () => {
      const { racing, visitor, old, answer } = await race(2)
      expect(answer.status).toBe(200)
      expect(await racing.records()).toHaveLength(1)
      expect(await readData(old)).toEqual({})
      expect(await readData(visitor)).toEqual({ secret: 'secret' })
    })

    it('R12, D22: a request that is under way while another one regenerates says nothing to the browser, which has the new token by then', async () => {
      const { racing, visitor } = await RacingApp.open({ store: getStore(), rolling })
      const request = await racing.start(visitor, path)
      await visitor.get('/regenerate')
      expect((await request.finish()).setCookie).toEqual([])
      expect(await readData(visitor)).toEqual({ secret: 'secret' })
    })
  })

  it.each(['/null', '/destroy'])(
    'R11: %s in a request under way at a regenerate() clears the cookie, and ends the session all the same',
    async (logout) => {
      const { racing, visitor } = await RacingApp.open({ store: getStore() })
      const late = racing.another(visitor)
      const request = await racing.start(late, logout)
      await visitor.get('/regenerate')
      expect((await request.finish()).status).toBe(200)
      expect(late.jar.values.size).toBe(0)
      expect(await racing.records()).toEqual([])
      expect(await readData(visitor)).toEqual({})
    },
  )

  it('R9, R12: what a request has written before another one regenerated the session comes along', async () => {
    const { racing, visitor } = await RacingApp.open({ store: getStore() })
    const request = await racing.start(visitor, '/regenerate')
    await racing.another(visitor).get('/set/early')
    await request.finish()
    expect(await readData(visitor)).toEqual({ secret: 'secret', early: 'early' })
  })
})

describeOnEachStore('a request that comes with a token that was rotated away just now', (getStore) => {
  async function open() {
    const { racing, visitor } = await RacingApp.open({ store: getStore() })
    const late = racing.another(visitor)
    await visitor.get('/regenerate')
    const record = await racing.record(idOf(visitor))
    return { racing, visitor, late, record }
  }

  it.each(['/read', '/set/late', '/update/late', '/touch', '/save', '/remember', '/regenerate', '/increment'])(
    'R12, R53: %s with a token that was rotated away just now shows an empty session, sets no cookie and stores nothing',
    async (path) => {
      const { racing, visitor, late, record } = await open()
      const answer = await late.get(path)
      expect(answer).toMatchObject({ status: 200, setCookie: [] })
      expect(answer.body).not.toContain('secret')
      expect(await racing.records()).toEqual([record])
      expect(await readData(visitor)).toEqual({ secret: 'secret' })
    },
  )

  it.each(['/null', '/destroy'])(
    'R11, R12: %s with a token that was rotated away just now ends the session',
    async (logout) => {
      const { racing, visitor, late } = await open()
      expect((await late.get(logout)).status).toBe(200)
      expect(late.jar.values.size).toBe(0)
      expect(await racing.records()).toEqual([])
      expect(await readData(visitor)).toEqual({})
    },
  )
})

describeOnEachStore('a sign-in that is sent twice at once', (getStore) => {
  async function signInTwice(path: string, options: Partial<RacingAppOptions> = {}) {
    const { racing, visitor } = await RacingApp.open({ store: getStore(), ...options })
    const request = await racing.start(visitor, path)
    expect((await visitor.get(path)).status).toBe(200)
    const answer = await request.finish()
    expect(answer.status).toBe(200)
    expect(racing.errors).toEqual([])
    return { racing, visitor, answer }
  }

  it('R55, D21: a sign-in that is sent twice without "owner" leaves both signed in, the second one in a session of its own', async () => {
    const { racing, visitor } = await signInTwice('/login/alice')
    expect(await readData(visitor)).toEqual({ user: 'alice' })
    expect(await racing.secrets()).toEqual([expect.objectContaining({ secret: 'secret', user: 'alice' })])
    expect(await racing.records()).toHaveLength(2)
  })

  it.each([1, 2])(
    'R55: a sign-in that is sent twice with "owner", in %d processes, leaves both signed in to one session',
    async (processes) => {
      const { racing, visitor, answer } = await signInTwice('/user/alice', { owner, processes })
      expect(answer.setCookie).toEqual([])
      expect(await readData(visitor)).toEqual({ secret: 'secret', user: 'alice' })
      expect(await racing.records()).toHaveLength(1)
    },
  )

  it.each([1, 2])(
    'R55: a sign-in that is sent twice with "owner", by regenerate() in %d processes, leaves both in one session',
    async (processes) => {
      const { racing, visitor, answer } = await signInTwice('/login/alice', { owner, processes })
      expect(answer.setCookie).toEqual([])
      expect(await readData(visitor)).toEqual({ secret: 'secret', user: 'alice' })
      expect(await racing.records()).toHaveLength(1)
    },
  )

  it('R55: the second sign-in with "owner" that comes with the token from before the first is in the same session', async () => {
    const { racing, visitor } = await RacingApp.open({ store: getStore(), owner })
    const late = racing.another(visitor)
    await visitor.get('/login/alice')
    expect(await late.get('/login/alice')).toMatchObject({ status: 200, setCookie: [] })
    expect(await readData(visitor)).toEqual({ secret: 'secret', user: 'alice' })
    expect(await racing.records()).toHaveLength(1)
  })

  it('R55: a second sign-in by regenerate() as somebody else starts a session of its own, with "owner"', async () => {
    const { racing, visitor } = await RacingApp.open({ store: getStore(), owner })
    const bob = racing.another(visitor)
    const request = await racing.start(bob, '/login/bob')
    await visitor.get('/login/alice')
    await request.finish()
    expect(await readData(bob)).toEqual({ user: 'bob' })
    expect(await readData(visitor)).toEqual({ secret: 'secret', user: 'alice' })
  })

  it('R53: a second sign-in as somebody else starts a session of its own, with "owner"', async () => {
    const { racing, visitor } = await RacingApp.open({ store: getStore(), owner })
    const bob = racing.another(visitor)
    const request = await racing.start(bob, '/user/bob')
    await visitor.get('/user/alice')
    await request.finish()
    expect(await readData(bob)).toEqual({ user: 'bob' })
    expect(await readData(visitor)).toEqual({ secret: 'secret', user: 'alice' })
    expect(idOf(bob)).not.toBe(idOf(visitor))
  })
})
