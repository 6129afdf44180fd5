import fc from 'fast-check'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { dataOf, newOwner, OwnedApp, type OwnedStore } from '../../support/owners/owned-app'
import { RUNS } from '../../support/races/race'
import { type Fault, ScheduledOwnerStore } from '../../support/races/scheduled-store'

// A wait of a random length between two attempts would make an interleaving hard to repeat.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))
jest.setTimeout(300_000)

const TAKERS = 500

const verbs = {
  twice: async (ctx: never, sessions: OwnedApp['services'][0], key: string) => ({
    taken: await Promise.all([sessions.take(key, ctx), sessions.take(key, ctx), sessions.take(key, ctx)]),
  }),
}

describeOnEachStore('what is taken out of a session', (getStore) => {
  const open = (options: object = {}): OwnedApp =>
    new OwnedApp({ store: getStore(), verbs: verbs as never, ...options })

  it('R71: take() returns the value and removes it, and nothing else', async () => {
    const visitor = await open().signedIn(newOwner())
    await visitor.get('/set/flash?value=saved')
    expect((await visitor.get('/take/flash')).json()).toEqual({ taken: 'saved' })
    expect((await visitor.get('/take/flash')).json()).toEqual({})
    expect(Object.keys(await dataOf(visitor))).toEqual(['user'])
  })

  it('R71: take() of a key that is not there is undefined, and takes no write', async () => {
    const store = new ScheduledOwnerStore(getStore() as OwnedStore)
    const visitor = await open({ store }).signedIn(newOwner())
    store.calls.length = 0
    for (const key of ['flash', 'toString', '__proto__']) {
      expect((await visitor.get(`/take/${key}`)).json()).toEqual({})
    }
    expect(new Set(store.calls.map(({ method }) => method))).toEqual(new Set(['read']))
  })

  it.each(['length', 'maxAge', 'save', 'isNew_', 'populated'])(
    'R71: take() of a key named %s works as of any other',
    async (key) => {
      const site = open({
        verbs: { put: (ctx: { session: object }) => void Object.assign(ctx, { session: { [key]: 'mine', b: 1 } }) },
      })
      const visitor = site.visitor()
      await visitor.get('/put')
      const { store: _store, ...taker } = { store: 0, site: open() }
      const other = taker.site.visitor(0, visitor.jar)
      expect((await other.get(`/take/${key}`)).json()).toEqual({ taken: 'mine' })
      expect((await other.get(`/take/${key}`)).json()).toEqual({})
      expect(await dataOf(other)).toEqual({ b: 1 })
    },
  )

  it(`R71: exactly one of ${TAKERS} takers at once gets the value`, async () => {
    const site = open({ processes: 2 })
    const visitor = await site.signedIn(newOwner())
    await visitor.get('/set/flash?value=saved')
    const answers = await Promise.all(
      Array.from({ length: TAKERS }, (_, index) => site.visitor(index, visitor.jar.copy()).get('/take/flash')),
    )
    const got = answers.map(({ status, body }) => `${status} ${body}`)
    expect(got.filter((each) => each === '200 {"taken":"saved"}')).toHaveLength(1)
    expect(got.filter((each) => each !== '200 {}')).toHaveLength(1)
  })

  it('R71: takers within one request count as many requests', async () => {
    const visitor = await open().signedIn(newOwner())
    await visitor.get('/set/flash?value=saved')
    expect((await visitor.get('/twice/flash')).json()).toEqual({ taken: ['saved', null, null] })
  })

  it('R71: one of several takers at most is told the value, in any order of the calls and with lost answers', async () => {
    const fault = fc
      .integer({ min: 0, max: 9 })
      .map((lot): Fault => (lot === 0 ? 'before' : lot === 1 ? 'after' : 'none'))
    const setting = fc.record({
      paths: fc.array(fc.constantFrom('/take/flash', '/take/flash', '/set/x', '/confirm', '/revokeall'), {
        minLength: 2,
        maxLength: 5,
      }),
      processes: fc.constantFrom(1, 2),
      faults: fc.array(fault, { minLength: 40, maxLength: 40 }),
      scheduler: fc.scheduler(),
    })
    await fc.assert(
      fc.asyncProperty(setting, async ({ paths, processes, faults, scheduler }) => {
        let calls = 0
        const store = new ScheduledOwnerStore(getStore() as OwnedStore, undefined, () => faults[calls++ % 40])
        const site = open({ store, processes })
        const visitor = await site.signedIn(newOwner())
        await visitor.get('/set/flash?value=saved')
        const answers = await store.race(scheduler, () =>
          Promise.all(paths.map((path, index) => site.visitor(index, visitor.jar.copy()).get(path))),
        )
        const takers = answers.filter((_answer, index) => paths[index] === '/take/flash')
        expect(takers.filter(({ body }) => body === '{"taken":"saved"}').length).toBeLessThanOrEqual(1)
        for (const { status } of takers) expect([200, 503]).toContain(status)
        const hasFailed = faults.some((each) => each !== 'none') || paths.some((path) => /confirm|revoke/.test(path))
        if (!hasFailed && takers.length > 0) {
          expect(takers.filter(({ body }) => body === '{"taken":"saved"}')).toHaveLength(1)
        }
      }),
      { numRuns: RUNS },
    )
  })

  it('R71: nobody gets a value out of a session that was ended meanwhile', async () => {
    const store = new ScheduledOwnerStore(getStore() as OwnedStore)
    const alice = newOwner()
    const site = open({
      store,
      verbs: {
        late: async (ctx: never, sessions: OwnedApp['services'][0]) => {
          await sessions.load(ctx)
          await sessions.revokeAll({ owner: alice })
          return { taken: (await sessions.take('flash' as never, ctx)) ?? 'nothing' }
        },
      },
    })
    const visitor = await site.signedIn(alice)
    await visitor.get('/set/flash?value=saved')
    const other = site.visitor(0, visitor.jar.copy())
    expect((await other.get('/late')).json()).toEqual({ taken: 'nothing' })
  })
})
