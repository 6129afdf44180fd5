import { startClock, stopClock } from '../../support/clock'
import { expectSame, trace, tryMany } from './agreement'
import { koaSessionSide } from './koa-session-side'
import type { Plan } from './plan'
import { plans } from './plans'
import { here, type Side } from './sides'

beforeAll(() => {
  stopClock()
  jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
})
afterAll(() => startClock())

/** Each request goes to the other library than the one before it. */
const HAND_OVERS: { title: string; sideOf: (index: number) => Side }[] = [
  { title: 'koa-session, then here', sideOf: (index) => [koaSessionSide, here][index % 2] },
  { title: 'here, then koa-session', sideOf: (index) => [here, koaSessionSide][index % 2] },
]

describe.each<{ backends: Plan['backend'][] }>([{ backends: ['cookie'] }, { backends: ['plain', 'ContextStore'] }])(
  '$backends',
  ({ backends }) => {
    test.each(HAND_OVERS)(
      'R6: one library goes on where the other one stopped: $title',
      async ({ sideOf }) => {
        await tryMany(plans(...backends), 500, async (plan) => {
          expectSame(await trace(plan, sideOf), await trace(plan, () => koaSessionSide))
        })
      },
      300_000,
    )
  },
)
