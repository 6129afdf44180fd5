import { startClock, stopClock } from '../support/clock'
import { expectManyToAgree } from './agreement'
import { plans } from './plans'

beforeAll(() => {
  stopClock()
  jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
})
afterAll(() => startClock())

test('R6: 5,000 random sequences go as with koa-session: records in cookies', async () => {
  const { counts } = await expectManyToAgree(plans('cookie'), 5_000)
  for (const what of ['status 418', 'status 500', 'expired', 'invalid', 'cookies set', 'cookies cleared']) {
    expect([what, (counts[what] ?? 0) > 50]).toEqual([what, true])
  }
}, 300_000)
