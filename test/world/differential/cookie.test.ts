import { startClock, stopClock } from '../../support/clock'
import { expectManyToAgree } from './agreement'
import { plans } from './plans'

beforeAll(() => {
  stopClock()
  jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
})
afterAll(() => startClock())

test('R6: random sequences of requests go as with koa-session where records rest in cookies', async () => {
  const tally = await expectManyToAgree(plans('cookie'), 5_000)
  expect(tally.rare('status 418', 'status 500', 'expired', 'invalid', 'cookies set', 'cookies cleared')).toEqual([])
}, 300_000)
