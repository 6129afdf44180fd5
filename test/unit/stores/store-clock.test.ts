import fc from 'fast-check'
import { StoreClock } from '../../../src/backends/store-clock'

const answer = (now: number, clock?: string) => ({
  now,
  notBefore: undefined,
  ...(clock === undefined ? {} : { clock }),
})

describe('how far the clock of a store is ahead', () => {
  it("R90: an answer bounds how far the store's clock is ahead by the time between question and answer", () => {
    expect(new StoreClock().reckon(answer(1050), 40, 60)).toEqual({ from: 990, to: 1010 })
  })

  it('R90: the bounds that several answers give are intersected, whichever of them was fast', () => {
    const clock = new StoreClock()
    clock.reckon(answer(1050), 50, 51)
    const { from, to } = clock.reckon(answer(1150), 60, 160)
    expect(from).toBeCloseTo(999, 0)
    expect(to).toBeCloseTo(1000, 0)
  })

  it("R90: the bounds of the store's clock widen by a millisecond on each side for each second that has passed", () => {
    const clock = new StoreClock()
    clock.reckon(answer(1000), 0, 0)
    expect(clock.reckon(answer(6000), 4000, 6000)).toEqual({ from: 994, to: 1006 })
  })

  it("R90: the later answer counts where somebody has set the store's clock", () => {
    const clock = new StoreClock()
    clock.reckon(answer(1000), 0, 1)
    expect(clock.reckon(answer(4_000_000), 10, 11)).toEqual({ from: 3_999_989, to: 3_999_990 })
  })

  it("R90: an answer about one store's clock says nothing of another one", () => {
    const clock = new StoreClock()
    clock.reckon(answer(1000, 'one node'), 0, 1)
    expect(clock.reckon(answer(1005, 'another'), 0, 10)).toEqual({ from: 995, to: 1005 })
  })

  it("R90: the bounds of the store's clock are never wrong, as long as the clocks do not drift apart faster than that", () => {
    const call = fc.record({
      pause: fc.nat(5000),
      there: fc.nat(300),
      back: fc.nat(300),
      drift: fc.integer({ min: -9, max: 9 }),
    })
    fc.assert(
      fc.property(fc.integer(), fc.array(call, { minLength: 1, maxLength: 20 }), (offset, calls) => {
        const clock = new StoreClock()
        let time = 0
        let ahead = offset
        for (const { pause, there, back, drift } of calls) {
          // At most nine tenths of what is allowed for.
          ahead += ((pause + there) / 1000) * (drift / 10)
          const asked = time + pause
          const now = asked + there + ahead
          time = asked + there + back
          const { from, to } = clock.reckon(answer(now), asked, time)
          const slack = 1e-6 + back / 1000
          expect(from - slack).toBeLessThanOrEqual(ahead)
          expect(to + slack).toBeGreaterThanOrEqual(ahead)
        }
      }),
    )
  })
})
