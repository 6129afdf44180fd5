import { startClock, stopClock } from '../../support/clock'
import { expectAgreement } from './agreement'
import { ONE_DAY, planOf, type Action, type Plan } from './plan'

beforeAll(() => stopClock())
afterAll(() => startClock())

const set: Action = { do: 'set', key: 'a', value: 1 }
const read: Action = { do: 'read' }
const leave: Action = { do: 'save', how: 'leave' }

/** Sequences on which the two have disagreed. */
const PLANS: [string, Plan][] = [
  [
    'R6: a cookie that cannot be decoded is not reported as missed',
    planOf({ options: { signed: false } }, { actions: [set] }, { client: 'alters', actions: [read] }),
  ],
  [
    'R6: a nested change while the session is being saved is saved as well',
    planOf(
      { backend: 'plain', isAsync: true },
      { actions: [{ do: 'set', key: 'a', value: {} }, leave, { do: 'nest', key: 'a', value: 1 }] },
      { actions: [read] },
    ),
  ],
  [
    'R6: a lifetime that is set while the session is being saved is kept',
    planOf(
      { backend: 'plain', isAsync: true },
      { actions: [set, leave, { do: 'maxAge', maxAge: 60_000 }] },
      { actions: [read] },
    ),
  ],
  [
    'R6: a lifetime that is set while a cookie is being written is kept',
    planOf({}, { actions: [set, leave, { do: 'maxAge', maxAge: 60_000 }] }, { actions: [read] }),
  ],
  [
    'R6: what beforeSave changes is saved where the session is only renewed',
    planOf(
      { backend: 'MemoryStore', options: { rolling: true }, hooks: ['beforeSave'] },
      { actions: [set] },
      { advance: 1 },
    ),
  ],
  [
    'R6: another lifetime is saved where the session is only renewed',
    planOf(
      { backend: 'MemoryStore', options: { rolling: true } },
      { actions: [set] },
      { actions: [{ do: 'sessionOptions.maxAge', maxAge: 60_000 }] },
    ),
  ],
  [
    'R6: a renewed session is changed without a conflict',
    planOf(
      { backend: 'MemoryStore', options: { rolling: true } },
      { actions: [set] },
      {
        advance: 1,
        actions: [
          { do: 'manuallyCommit', how: 'await' },
          { do: 'set', key: 'a', value: 2 },
        ],
      },
    ),
  ],
  [
    'R6: a lifetime that is set before the session middleware saves no session of a store',
    planOf({ backend: 'plain' }, { early: { do: 'maxAge', maxAge: 60_000 } }),
  ],
  [
    'R6: a new session has another id after regenerate(), also where its first one was read',
    planOf({ backend: 'plain' }, { actions: [set, { do: 'externalKey' }, { do: 'regenerate', how: 'await' }] }),
  ],
  [
    'R6: a cookie that could not be set is tried again, and fails again',
    planOf({ options: { secure: true } }, { actions: [set, { do: 'save', how: 'catch' }] }),
  ],
  [
    'R6: an id that could not be handed over is tried again, and fails again',
    planOf({ backend: 'plain', options: { secure: true } }, { actions: [set, { do: 'save', how: 'catch' }] }),
  ],
  [
    'R6: a lifetime that could not be handed over is tried again, and fails again',
    planOf({ options: { secure: true } }, { actions: [{ do: 'maxAge', maxAge: ONE_DAY }, leave] }),
  ],
  [
    'R6: regenerate() of a new session clears the cookie, also where the id travels in a header',
    planOf({ backend: 'plain', hooks: ['externalKey'] }, { actions: [{ do: 'regenerate', how: 'await' }] }),
  ],
  [
    'R6: a store is told that nothing has changed where beforeSave alone makes a change',
    planOf({ backend: 'plain', options: { rolling: true }, hooks: ['beforeSave'] }, { actions: [set] }, { advance: 1 }),
  ],
  [
    'R6: a store is told of a change that beforeSave takes back',
    planOf(
      { backend: 'plain', options: { rolling: true }, hooks: ['beforeSave'] },
      { actions: [set] },
      { actions: [{ do: 'empty' }, set] },
      { actions: [{ do: 'assign', data: { a: 1 } }] },
    ),
  ],
  [
    'R6: an id that could not be handed over is tried again, and fails again: MemoryStore',
    planOf({ backend: 'MemoryStore', options: { secure: true } }, { actions: [set, { do: 'save', how: 'catch' }] }),
  ],
]

test.each(PLANS)('%s', async (_title, plan) => {
  await expectAgreement(plan)
})
