import { passedBoundOf, type Bound, type LifetimePolicy, type SessionRecord } from '../../../src/session/record'

const NOW = 1_000_000

const TABLE: [title: string, record: SessionRecord, policy: LifetimePolicy, bound: Bound][] = [
  ['its cookie is past its time', { _expire: NOW - 1, _maxAge: 500 }, {}, 'maxAge'],
  [
    'a browser session that was not used',
    { _expire: NOW - 1, _session: true, _idle: 500 },
    { idleTimeout: 500 },
    'idle',
  ],
  ['not used for so long', { _expire: NOW - 1, _maxAge: 900, _idle: 500 }, { idleTimeout: 500 }, 'idle'],
  ['a life that is shorter than that', { _expire: NOW - 1, _maxAge: 300, _idle: 500 }, { idleTimeout: 500 }, 'maxAge'],
  ['the timeout was lowered', { _expire: NOW + 300, _maxAge: 900 }, { idleTimeout: 500 }, 'idle'],
  [
    'it began too long ago',
    { _expire: NOW + 100, _maxAge: 500, _created: 100 },
    { absoluteTimeout: 900_000 },
    'absolute',
  ],
  [
    'it was not used, and after that it had lived too long',
    { _expire: NOW - 300, _maxAge: 900, _idle: 500, _created: 100 },
    { idleTimeout: 500, absoluteTimeout: NOW - 300 },
    'idle',
  ],
  ['what it says is no time', { _expire: 'soon' as never }, {}, 'maxAge'],
]

describe('which bound of a life has passed first', () => {
  it.each(TABLE)('R112: the bound of a life that has passed first is told: %s', (_title, record, policy, bound) => {
    expect(passedBoundOf(record, policy, NOW)).toBe(bound)
  })
})
