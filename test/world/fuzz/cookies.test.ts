import { heapInUse } from '../../support/heap'
import { createTargets, fuzzCookies } from './cookies'
import { createTarget } from './targets'

/** How many are tried in a round. */
const COUNT = 10_000

describe('hostile cookies', () => {
  it('R29: thousands of hostile cookies open no session, write none, lose none, are no server error, and leave nothing in memory', async () => {
    const targets = await createTargets()
    // The first rounds fill what is bounded. What is kept for ever grows in each one; other suites of the process come and go.
    const reports: Awaited<ReturnType<typeof fuzzCookies>>[] = []
    const heaps: number[] = []
    const grew = (): number => heaps[heaps.length - 1] - Math.max(...heaps.slice(0, -1))
    // A machine that is busy tries fewer in the time: what is bounded is not full then, and nothing can be said of the heap.
    const isWhole = (): boolean => reports.every(({ tried }) => tried >= COUNT)
    for (let seed = 20_300_101; heaps.length < 2 || (heaps.length < 6 && isWhole() && grew() >= 1_000_000); seed++) {
      reports.push(await fuzzCookies({ seed, count: COUNT, time: 20_000, targets }))
      heaps.push(heapInUse())
    }
    for (const report of reports) {
      expect(report).toMatchObject({ accepted: 0, serverErrors: 0, written: 0, lost: 0, findings: [] })
      expect(report.tried).toBeGreaterThan(500)
      expect(report.unchanged).toBeLessThan(report.tried / 5)
    }
    // A hundred bytes for each of them.
    if (isWhole()) expect(grew()).toBeLessThan(1_000_000)
  }, 300_000)

  it('R29: the check by hostile cookies finds an app that accepts odd ones, as it does not sign its records', async () => {
    const target = await createTarget('open', { signed: false, decode: () => ({ user: 'eve', _session: true }) }, 60)
    const report = await fuzzCookies({ seed: 1, count: 500, targets: [target] })
    expect(report.accepted).toBeGreaterThan(100)
    expect(report.findings).toHaveLength(10)
  })

  it('R29: the check by hostile cookies finds a server error', async () => {
    const valid = () => {
      throw new Error('a mistake')
    }
    const target = await createTarget('broken', {}, 60)
    const broken = await createTarget('broken', { decode: () => ({ _session: true }), signed: false, valid }, 60)
    const report = await fuzzCookies({ seed: 1, count: 500, targets: [{ ...target, ask: broken.ask }] })
    expect(report.serverErrors).toBeGreaterThan(100)
    expect(report.lost).toBeGreaterThan(0)
  })
})
