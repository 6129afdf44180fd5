import { refusalOf, rotate, BY_ID } from '../../../src/session/access'
import { expiryOf, isExpired, type LifetimePolicy, type SessionRecord } from '../../../src/session/record'
import { makeToken } from '../../../src/session/token'

describe('expiryOf', () => {
  const NOW = 1000

  it.each<[string, SessionRecord, LifetimePolicy, string]>([
    ['its own time', { _expire: 999, _maxAge: 500 }, {}, 'expired'],
    ['what is no time', { _expire: NaN, _maxAge: 500 }, {}, 'expired'],
    ['the idle timeout', { _expire: 999, _maxAge: 500, _idle: 100 }, { idleTimeout: 100 }, 'idle'],
    [
      'the idle timeout of a cookie without an end',
      { _expire: 999, _session: true, _idle: 100 },
      { idleTimeout: 100 },
      'idle',
    ],
    ['an idle timeout that was lowered', { _expire: 1400, _maxAge: 500 }, { idleTimeout: 50 }, 'idle'],
    ['its own time, which is shorter', { _expire: 999, _maxAge: 50, _idle: 100 }, { idleTimeout: 100 }, 'expired'],
    ['the absolute timeout', { _expire: 1400, _maxAge: 500, _created: 100 }, { absoluteTimeout: 800 }, 'too-old'],
    [
      'the absolute timeout, and the idle one',
      { _expire: 999, _idle: 100, _created: 100 },
      { idleTimeout: 100, absoluteTimeout: 800 },
      'too-old',
    ],
    [
      'the idle timeout, before the absolute one',
      { _expire: 999, _session: true, _idle: 100, _created: 600 },
      { idleTimeout: 100, absoluteTimeout: 800 },
      'idle',
    ],
  ])('R120: tells that %s is past', (_what, record, policy, word) => {
    expect(isExpired(record, policy, NOW)).toBe(true)
    expect(expiryOf(record, policy, NOW)).toBe(word)
  })
})

describe('refusalOf', () => {
  const [first, second, third] = [1, 2, 3].map(() => makeToken('an-id', { withSecret: true }))
  const signedIn = rotate(second, rotate(first, BY_ID, { isNewGeneration: false, now: 0 }), {
    isNewGeneration: true,
    now: 1,
  })
  const cleaned = rotate(third, signedIn, { isNewGeneration: false, now: 2 })

  it.each([
    ['the one before a rotation for hygiene', second, 'rotated-away'],
    ['the one before somebody signed in', first, 'earlier-generation'],
    ['one of which nothing is known any more', makeToken('an-id', { withSecret: true }), 'rotated-away'],
  ])('R120: tells of a token that is %s', (_what, token, word) => {
    expect(refusalOf(token, cleaned)).toBe(word)
  })
})
