import { startClock, stopClock } from '../../support/clock'
import { expectAgreement, trace } from './agreement'
import { DIFFERENCES, EVENED } from './differences'
import { koaSessionSide } from './koa-session-side'
import { here } from './sides'

beforeAll(() => stopClock())
afterAll(() => startClock())

test('R6: every numbered difference from koa-session is accounted for', () => {
  const numbers = DIFFERENCES.map(({ number }) => number)
  expect(numbers).toEqual(expect.arrayContaining(Array.from({ length: 24 }, (_, index) => `D${index + 1}`)))
  expect(new Set(numbers).size).toBe(numbers.length)
})

const evened = DIFFERENCES.filter((difference) => difference.how === 'evened')

test.each(evened)('R6: the difference $number shows, unless it is evened out: $by', async ({ number, example }) => {
  await expectAgreement(example)
  const without = new Set(EVENED)
  without.delete(number)
  const theirs = await trace(example, () => koaSessionSide, without)
  expect(await trace(example, () => here, without)).not.toEqual(theirs)
})
