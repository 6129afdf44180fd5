import { policyFrom } from '../../../../src/options/values/lifetime-policy'

const HOUR = 3_600_000

describe('what bounds a session’s life', () => {
  it('R70: what bounds a session’s life is one value for all, where the options are numbers', () => {
    const policyOf = policyFrom({ idleTimeout: HOUR })
    expect(policyOf({})).toEqual({ idleTimeout: HOUR, absoluteTimeout: undefined })
    expect(policyOf({ remember: true })).toBe(policyOf({}))
  })

  it('R70: what bounds a session’s life is what the functions say of the data, and only of the data', () => {
    const seen: unknown[] = []
    const policyOf = policyFrom({
      idleTimeout: (data) => (seen.push(data), data.remember ? undefined : HOUR),
      absoluteTimeout: 12 * HOUR,
    })
    expect(policyOf({ remember: true, _expire: 1 })).toEqual({ idleTimeout: undefined, absoluteTimeout: 12 * HOUR })
    expect(policyOf({})).toEqual({ idleTimeout: HOUR, absoluteTimeout: 12 * HOUR })
    expect(seen).toEqual([{ remember: true }, {}])
  })

  it("R70: null and undefined bound no session's life", () => {
    const policyOf = policyFrom({ idleTimeout: () => null, absoluteTimeout: () => undefined })
    expect(policyOf({})).toEqual({ idleTimeout: undefined, absoluteTimeout: undefined })
  })

  it.each([0, -1, Number.NaN, Infinity, 401 * 24 * HOUR, '1h', true, {}, Promise.resolve(HOUR)])(
    "R70: %p as a bound of a session's life is a coded error that names the option",
    (value) => {
      for (const name of ['idleTimeout', 'absoluteTimeout']) {
        const policyOf = policyFrom({ [name]: () => value })
        expect(() => policyOf({})).toThrow(
          expect.objectContaining({ code: 'ERR_SESSION_BAD_VALUE', message: expect.stringContaining(`"${name}"`) }),
        )
      }
    },
  )
})
