import { forgetTime } from '../../../src/stores/kysely/kysely-values'

const DAY = 86_400_000

describe('when a row may be deleted', () => {
  test.each([
    [0, DAY, DAY],
    [1, DAY, DAY + DAY / 64],
    [DAY / 64, DAY, DAY + DAY / 64],
    [5, 10, 15],
    [5, 63, 68],
    [5, 0, 5],
    [5, -3, 2],
    [1000, 129, 1130],
    [0.5, 10, 11],
  ])(
    'R130: a row written at %p with a life of %p may be deleted at %p: never too early, and by few changes of the index',
    (now, life, at) => {
      expect(forgetTime(now, life)).toBe(at)
    },
  )

  test('R25: a row is kept for its life at least, and a sixty-fourth more at most', () => {
    for (const life of [1, 50, 64, 1000, 86_400_000, 1e15]) {
      for (const now of [0, 1_796_113_173_909]) {
        const kept = forgetTime(now, life) - now
        expect(kept).toBeGreaterThanOrEqual(life)
        expect(kept).toBeLessThanOrEqual(life + Math.max(1, life / 64))
      }
    }
  })
})
