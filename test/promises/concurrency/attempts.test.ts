import { type ConditionalStore, MemoryStore, type WriteOutcome } from 'koa-session-service'
import { RacingApp } from '../../support/races/racing-app'

const delays: number[] = []
jest.mock('node:timers/promises', () => ({
  setTimeout: (delay: number) => {
    delays.push(delay)
    return new Promise(setImmediate)
  },
}))

/** Tells of so many conflicts as it is told to, as if another process were faster each time. */
class ContestedStore extends MemoryStore {
  conflicts = 0
  replaces = 0

  override replace(...call: Parameters<ConditionalStore['replace']>): WriteOutcome {
    const [key, record, maxAge, revision] = call
    this.replaces++
    return this.conflicts-- > 0 ? { outcome: 'conflict' } : super.replace(key, record, maxAge, revision)
  }
}

async function open(conflicts: number) {
  const store = new ContestedStore()
  const fixture = await RacingApp.open({ store })
  const before = await fixture.racing.records()
  store.conflicts = conflicts
  return { ...fixture, store, before }
}

describe('where other requests are faster every time', () => {
  beforeEach(() => (delays.length = 0))

  it.each(['/increment', '/set/mine', '/save', '/remember'])(
    'R10: a write at %s that always meets a conflict ends with a 503 that says so, and nothing is written',
    async (path) => {
      const { racing, visitor, before } = await open(Infinity)
      const { status, setCookie } = await visitor.get(path)
      expect({ status, setCookie }).toEqual({ status: 503, setCookie: [] })
      expect(racing.errors).toMatchObject([
        {
          code: 'ERR_SESSION_CONFLICT',
          status: 503,
          expose: false,
          message: expect.stringMatching(/150 attempts.*Nothing was written/),
        },
      ])
      expect(await racing.records()).toEqual(before)
    },
  )

  it('R10: an update() that was given up is not written by the commit that follows', async () => {
    const { racing, visitor, before } = await open(150)
    expect((await visitor.get('/increment')).status).toBe(503)
    expect(await racing.records()).toEqual(before)
  })

  it('R10: a write is tried 150 times at most, with less than a tenth of a second between', async () => {
    const { store, visitor } = await open(Infinity)
    await visitor.get('/increment')
    expect(store.replaces).toBe(150)
    expect(Math.max(...delays)).toBeLessThan(100)
  })

  it('R10: the 149th conflict is survived', async () => {
    const { visitor } = await open(149)
    expect((await visitor.get('/increment')).json()).toMatchObject({ data: { views: 1 } })
  })

  it('R10: the requests behind a write that has failed have their turn', async () => {
    const { racing, store, visitor } = await open(Infinity)
    const failing = Array.from({ length: 5 }, () => racing.another(visitor).get('/increment'))
    expect((await Promise.all(failing)).map(({ status }) => status)).toEqual([503, 503, 503, 503, 503])
    store.conflicts = 0
    expect((await visitor.get('/increment')).json()).toMatchObject({ data: { views: 1 } })
  })
})
