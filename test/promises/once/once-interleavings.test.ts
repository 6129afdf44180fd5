import fc from 'fast-check'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { RUNS } from '../../support/races/race'
import { readData } from '../../support/races/racing-app'
import { ScheduledStore, type Fault, type StoreCall } from '../../support/races/scheduled-store'
import { openOnceApp, tally, type OnceApp } from './once-app'

jest.setTimeout(120_000)

const OTHERS = ['/increment', '/set/other', '/touch', '/save', '/read', '/remember']
/** So many requests want the work. */
const WANTING = 3
/** A lease that is over soon, for holders whose result was not written; one that is never over, where it was. */
const LEASES = { before: 500, after: 60_000 }

interface Trial extends OnceApp {
  answers: Record<string, number>
  /** How a write ended of which the answer was lost. */
  lost: string | undefined
}

describeOnEachStore('work that is done once, interleaved at random', (getStore) => {
  async function attempt(
    scheduler: fc.Scheduler,
    { others = [] as string[], faultAt = Infinity, fault = 'none' as Fault, lease = 60_000 },
  ): Promise<Trial> {
    let calls = 0
    let place = Infinity
    const faultOf = (): Fault => {
      if (calls++ !== faultAt) return 'none'
      place = store.calls.length
      return fault
    }
    const store: ScheduledStore = new ScheduledStore(getStore(), undefined, faultOf)
    const app = await openOnceApp({ store, processes: 2, once: { lease } })
    app.provider.answer = async () => undefined
    const wanting = Array.from({ length: WANTING }, () => '/ifExpired')
    const all = [...wanting, ...others]
    const sent = await store.race(scheduler, () => Promise.all(all.map((path) => app.send(path))))
    return { ...app, answers: tally(sent.slice(0, WANTING)), lost: outcomeOf(store.calls[place]) }
  }

  it('R121: work of once() is done once in any order of the calls, whatever others write meanwhile', async () => {
    const others = fc.array(fc.constantFrom(...OTHERS), { maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), others, async (scheduler, paths) => {
        const { provider, racing, answers, visitor } = await attempt(scheduler, { others: paths })
        expect(racing.errors).toEqual([])
        expect(answers).toEqual({ 1: WANTING })
        expect(provider).toMatchObject({ calls: 1, invalid: 0 })
        const data = await readData(visitor)
        expect(data).toMatchObject({ upstream: { token: 1, isExpired: false } })
        const increments = paths.filter((path) => path === '/increment').length
        expect(data?.views).toBe(increments > 0 ? increments : undefined)
        expect(data?.other).toBe(paths.includes('/set/other') ? 'other' : undefined)
      }),
      { numRuns: RUNS },
    )
  })

  it.each(['/destroy', '/null'])('R121: nothing of the work comes back beside a logout by %s', async (logout) => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const { provider, racing, answers, visitor } = await attempt(scheduler, { others: [logout] })
        expect(racing.errors.filter((error) => !(error instanceof TypeError))).toEqual([])
        expect(provider.calls).toBeLessThanOrEqual(1)
        // Who reads the session after the logout finds no token there: that is the handler's matter.
        expect(Object.keys(answers).filter((name) => !['1', 'null', '500'].includes(name))).toEqual([])
        expect(await racing.records()).toEqual([])
        expect(await readData(visitor)).toEqual({})
      }),
      { numRuns: RUNS },
    )
  })

  it.each([
    ['before', 'twice at most'],
    ['after', 'once'],
  ] as const)('R121: work whose call of the store is lost %s its effect is done %s', async (fault, _times) => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.nat({ max: 14 }), async (scheduler, faultAt) => {
        const { provider, answers, visitor, send, lost } = await attempt(scheduler, {
          fault,
          faultAt,
          lease: LEASES[fault],
        })
        const known = ['1', '503', 'ERR_SESSION_STORE', 'ERR_SESSION_ONCE_FAILED', 'invalid_grant']
        expect(Object.keys(answers).filter((name) => !known.includes(name))).toEqual([])
        expect(provider.calls).toBeLessThanOrEqual(2)
        if (fault === 'before') return
        // A look tells that the write was made.
        if (lost === 'written') expect(answers).toEqual({ 1: WANTING })
        // Whatever was lost, the next one finds what was made, or makes it.
        if (provider.calls === 0) expect(tally([await send()])).toEqual({ 1: 1 })
        expect(provider).toMatchObject({ calls: 1, invalid: 0 })
        expect(await readData(visitor)).toMatchObject({ upstream: { token: 1, isExpired: false } })
      }),
      { numRuns: 2 * RUNS },
    )
  })
})

function outcomeOf(call: StoreCall | undefined): string | undefined {
  return (call?.answer as { outcome?: string } | undefined)?.outcome
}
