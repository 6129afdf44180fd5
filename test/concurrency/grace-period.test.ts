import { MemoryStore, type SessionRecord } from 'koa-session-service'
import { startClock, stopClock } from '../support/clock'
import { describeOnEachStore } from '../support/conditional-backends'
import { idOf, RacingApp, type RacingAppOptions, readData } from '../support/racing-app'

const graceMs = 60_000
const ONE_HOUR = 60 * 60 * 1000
let clock: ReturnType<typeof stopClock>

beforeAll(() => {
  clock = stopClock()
})

afterAll(startClock)

describeOnEachStore('the grace period after a move', (getStore) => {
  /** A visitor whose session has moved, and another browser that holds the old id. */
  async function move(options: Partial<RacingAppOptions> = {}) {
    const { racing, visitor } = await RacingApp.open({ store: getStore(), graceMs, ...options })
    const old = () => racing.another(before)
    const before = racing.another(visitor)
    await visitor.get('/regenerate')
    return { racing, visitor, old, oldId: idOf(before) }
  }

  it('R12: a request with the old id reads the new session', async () => {
    const { visitor, old } = await move()
    await visitor.get('/set/later')
    clock.advance(graceMs)
    expect(await readData(old())).toEqual({ secret: 'secret', later: 'later' })
  })

  it.each(['/set/key', '/update/key'])('R12: a request with the old id writes the new session: %s', async (path) => {
    const { racing, visitor, old } = await move()
    expect((await old().get(path)).status).toBe(200)
    expect(await readData(visitor)).toEqual({ secret: 'secret', key: 'key' })
    expect(await racing.secrets()).toHaveLength(1)
  })

  it.each(['/read', '/set/key', '/touch'])('R12: R34: when it is over, the old id is dead: %s', async (path) => {
    const { racing, visitor, old, oldId } = await move()
    clock.advance(graceMs + 1)
    const late = old()
    expect((await late.get(path)).status).toBe(200)
    expect(idOf(late)).not.toBe(idOf(visitor))
    expect(await readData(late)).not.toHaveProperty('secret')
    expect(await readData(old())).toEqual({})
    expect(await readData(visitor)).toEqual({ secret: 'secret' })
    clock.advance(ONE_HOUR)
    expect(await racing.record(oldId)).toBeUndefined()
  })

  it.each([
    ['/read', true],
    ['/touch', false],
    ['/save', false],
    ['/set/key', true],
    ['/remember', false],
  ])('R12: it cannot be extended: %s (rolling: %p)', async (path, rolling) => {
    const { old } = await move({ rolling })
    for (let step = 0; step < 3; step++) {
      clock.advance(graceMs / 3)
      await old().get(path)
    }
    expect(await readData(old())).toMatchObject({ secret: 'secret' })
    clock.advance(1)
    expect(await readData(old())).toEqual({})
  })

  it.each([
    ['/read', true],
    ['/touch', false],
    ['/save', false],
    ['/set/late', true],
  ])('R12: it cannot be extended by a request that was under way: %s (rolling: %p)', async (path, rolling) => {
    const { racing, visitor } = await RacingApp.open({ store: getStore(), graceMs, rolling })
    const [old, late] = [racing.another(visitor), racing.another(visitor)]
    const request = await racing.start(late, path)
    await visitor.get('/regenerate')
    const pointer = await racing.record(idOf(old))
    clock.advance(graceMs / 2)
    expect((await request.finish()).status).toBe(200)
    expect(await racing.record(idOf(old))).toEqual(pointer)
    expect(idOf(late)).toBe(idOf(visitor))
    clock.advance(graceMs / 2 + 1)
    expect(await readData(old)).toEqual({})
    expect(await readData(visitor)).toMatchObject({ secret: 'secret' })
  })

  it.each(['/set/late', '/update/late', '/regenerate'])(
    'R12: a request that was under way goes on in the new session: %s',
    async (path) => {
      const { racing, visitor } = await RacingApp.open({ store: getStore(), graceMs })
      const late = racing.another(visitor)
      const request = await racing.start(late, path)
      await visitor.get('/regenerate')
      await visitor.get('/set/more')
      expect((await request.finish()).status).toBe(200)
      const data = { secret: 'secret', more: 'more', ...(path === '/regenerate' ? {} : { late: 'late' }) }
      expect(await readData(late)).toEqual(data)
      expect(await readData(visitor)).toEqual(data)
      expect(await racing.secrets()).toHaveLength(1)
    },
  )

  it('R12: a request that comes too late for it loses its change, and ends without error', async () => {
    const { racing, visitor } = await RacingApp.open({ store: getStore(), graceMs })
    const request = await racing.start(racing.another(visitor), '/set/late')
    await visitor.get('/regenerate')
    clock.advance(graceMs + 1)
    expect((await request.finish()).status).toBe(200)
    expect(await readData(visitor)).toEqual({ secret: 'secret' })
  })

  it('R12: two logins at once both go on in one session', async () => {
    const { racing, visitor } = await RacingApp.open({ store: getStore(), graceMs })
    const request = await racing.start(visitor, '/login/alice')
    expect((await visitor.get('/login/alice')).status).toBe(200)
    expect((await request.finish()).status).toBe(200)
    expect(await racing.secrets()).toHaveLength(1)
    expect(await readData(visitor)).toEqual({ secret: 'secret', user: 'alice' })
  })

  it('R12: R9: what was written before the move comes along', async () => {
    const { racing, visitor } = await RacingApp.open({ store: getStore(), graceMs })
    const request = await racing.start(visitor, '/regenerate')
    await racing.another(visitor).get('/set/early')
    await request.finish()
    expect(await readData(visitor)).toEqual({ secret: 'secret', early: 'early' })
  })

  it.each([1, 2, 3, 4])('R12: a session is followed through %d moves', async (moves) => {
    const { racing, visitor } = await RacingApp.open({ store: getStore(), graceMs })
    const olds = []
    for (let step = 0; step < moves; step++) {
      olds.push(racing.another(visitor))
      await visitor.get('/regenerate')
    }
    await visitor.get('/set/last')
    for (const old of olds) expect(await readData(old)).toEqual({ secret: 'secret', last: 'last' })
    clock.advance(graceMs + 1)
    for (const old of olds) expect(await readData(old)).toEqual({})
  })

  it.each(['/null', '/destroy'])('R11: R12: a logout with the old id ends the session: %s', async (logout) => {
    const { racing, visitor, old } = await move()
    expect((await old().get(logout)).status).toBe(200)
    expect(await racing.secrets()).toEqual([])
    expect(await readData(visitor)).toEqual({})
  })

  it.each(['/null', '/destroy'])('R11: R12: a logout that was under way ends the session: %s', async (logout) => {
    const { racing, visitor } = await RacingApp.open({ store: getStore(), graceMs })
    const request = await racing.start(racing.another(visitor), logout)
    await visitor.get('/regenerate')
    expect((await request.finish()).status).toBe(200)
    expect(await racing.secrets()).toEqual([])
    expect(await readData(visitor)).toEqual({})
  })

  it('R11: R12: a lazy logout, which reads nothing, ends the session by its old id', async () => {
    const store = getStore()
    const { racing, old } = await move({ store })
    const lazy = new RacingApp({ store, graceMs, lazy: true, verbs: { read: (ctx, sessions) => sessions.load(ctx) } })
    const late = lazy.visitor()
    for (const [name, value] of old().jar.values) late.jar.values.set(name, value)
    expect((await late.get('/null')).status).toBe(200)
    expect(await racing.secrets()).toEqual([])
  })
})

describe('what rests under an old id', () => {
  class OpenStore extends MemoryStore {
    readonly texts: string[] = []

    override create(key: string, record: SessionRecord, maxAge: number) {
      this.texts.push(JSON.stringify([key, record]))
      return super.create(key, record, maxAge)
    }

    override replace(...[key, record, maxAge, revision]: Parameters<MemoryStore['replace']>) {
      this.texts.push(JSON.stringify([key, record]))
      return super.replace(key, record, maxAge, revision)
    }
  }

  it('R12: R41: is a pointer that tells neither the new id nor any data', async () => {
    const { racing, visitor } = await RacingApp.open({ store: new MemoryStore(), graceMs })
    const oldId = idOf(visitor)
    await visitor.get('/regenerate')
    const pointer = await racing.record(oldId)
    expect(Object.keys(pointer ?? {}).sort()).toEqual(['_expire', '_next'])
    expect(pointer?._expire).toBe(Date.now() + graceMs)
    expect(JSON.stringify(pointer)).not.toContain(idOf(visitor))
    const next = Buffer.from(pointer?._next as string, 'base64url').toString('latin1')
    expect(next).not.toContain(idOf(visitor))
  })

  it('R12: R40: opens no session to who reads a store of hashed ids', async () => {
    const store = new OpenStore()
    const { racing, visitor } = await RacingApp.open({ store, graceMs, hashIds: true })
    const old = racing.another(visitor)
    await visitor.get('/regenerate')
    await racing.another(old).get('/set/more')
    await old.get('/regenerate')
    expect(racing.ids.size).toBe(3)
    expect(store.texts.length).toBeGreaterThanOrEqual(5)
    for (const id of racing.ids) expect(store.texts.join('\n')).not.toContain(id)
    expect(await readData(visitor)).toEqual({ secret: 'secret', more: 'more' })
  })

  it('R12: a pointer that was moved to another key leads nowhere', async () => {
    const store = new MemoryStore()
    const { racing, visitor } = await RacingApp.open({ store, graceMs })
    const [oldId, other] = [idOf(visitor), racing.visitor()]
    await other.get('/set/own')
    await visitor.get('/regenerate')
    store.set(idOf(other), (await racing.record(oldId)) as SessionRecord, graceMs)
    expect(await readData(other)).toEqual({})
  })
})
