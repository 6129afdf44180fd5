import { startClock, stopClock } from '../../support/clock'
import { expectManyToAgree } from './agreement'
import type { Plan } from './plan'
import { plans } from './plans'

beforeAll(() => {
  stopClock()
  jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
})
afterAll(() => startClock())

const BACKENDS: { backends: Plan['backend'][]; sequences: number }[] = [
  { backends: ['plain', 'ContextStore'], sequences: 3_000 },
  { backends: ['MemoryStore'], sequences: 2_000 },
]

test.each(BACKENDS)(
  'R6: random sequences of requests go as with koa-session where records rest in a store: $backends',
  async ({ backends, sequences }) => {
    const tally = await expectManyToAgree(plans(...backends), sequences)
    expect(tally.rare('status 418', 'status 500', 'invalid', 'missed', 'cookies set', 'cookies cleared')).toEqual([])
  },
  300_000,
)
