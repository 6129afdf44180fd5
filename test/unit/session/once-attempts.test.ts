import { accessFields, accessOf, rotate, withoutControls } from '../../../src/session/access'
import { decideOnce, isStillMine, lastAttempt, withAttempt, type OnceAttempt } from '../../../src/session/once'
import { makeToken } from '../../../src/session/token'

const NOW = 1_000_000
const running: OnceAttempt = ['k', 'a', NOW + 1]
const over: OnceAttempt = ['k', 'a', NOW]
const done: OnceAttempt = ['k', 'a', 'done']
const failed: OnceAttempt = ['k', 'a', 'failed']
const earlier: OnceAttempt = ['k', 'before', 'done']

describe('what a call of once() does', () => {
  it.each([
    ['nobody was ever at it', {}, 'begin'],
    ['the work is not needed', { isNeeded: false }, 'share'],
    ['the work is not needed, though somebody is at it', { last: running, isNeeded: false }, 'share'],
    ['the work is not needed, though it has failed', { last: failed, isNeeded: false }, 'share'],
    ['somebody is at it', { last: running }, 'wait'],
    ['somebody was at it before, too', { last: running, seen: running }, 'wait'],
    ['the lease is over', { last: over }, 'begin'],
    ['the lease was seen for as long as it lasts', { last: running, overdue: 'a' }, 'begin'],
    ['another lease was', { last: running, overdue: 'b' }, 'wait'],
    ['it was done since the session was read', { last: done, seen: earlier }, 'share'],
    ['it was done since, for the first time', { last: done }, 'share'],
    ['it was under way when the session was read', { last: done, seen: running }, 'share'],
    ['it was done when the session was read', { last: done, seen: done }, 'begin'],
    ['it was done since, and is needed again', { last: done, isNeeded: true }, 'begin'],
    [
      'it was done while the call waited, and is needed still',
      { last: done, isNeeded: true, hasWaited: true },
      'share',
    ],
    ['it has failed since the session was read', { last: failed }, 'fail'],
    ['it has failed since, and is needed', { last: failed, isNeeded: true }, 'fail'],
    ['it had failed when the session was read', { last: failed, seen: failed }, 'begin'],
    ['it has failed since a cache noted the session', { last: failed, mayBeOld: true }, 'begin'],
    [
      'it has failed while a call waited that had read a cache',
      { last: failed, mayBeOld: true, hasWaited: true },
      'fail',
    ],
  ] as const)('R121: a call of once() decides what to do: %s', (_what, facts, decision) => {
    const nothing = { last: undefined, seen: undefined, overdue: undefined, isNeeded: undefined }
    const asked = { ...nothing, mayBeOld: false, hasWaited: false, now: NOW }
    expect(decideOnce({ ...asked, ...facts })).toBe(decision)
  })
})

describe('what a record says of it', () => {
  const record = { _once: [running] }

  it('R121: an attempt of once() takes the place of the one before with its key', () => {
    const attempts = withAttempt(withAttempt([earlier], ['other', 'b', 'done'], NOW), running, NOW)
    expect(attempts).toEqual([['other', 'b', 'done'], running])
    expect(lastAttempt(attempts, 'k')).toBe(running)
    expect(lastAttempt(attempts, 'unknown')).toBeUndefined()
  })

  it('R121: sixteen attempts of once() are remembered, and each that is under way', () => {
    let attempts: readonly OnceAttempt[] = [['busy', 'x', NOW + 1]]
    for (let key = 0; key < 40; key++) attempts = withAttempt(attempts, [`${key}`, 'y', 'done'], NOW)
    expect(attempts.map(([key]) => key)).toEqual(['busy', ...Array.from({ length: 15 }, (_, index) => `${index + 25}`)])
    let busy: readonly OnceAttempt[] = []
    for (let key = 0; key < 40; key++) busy = withAttempt(busy, [`${key}`, 'y', NOW + 1], NOW)
    expect(busy).toHaveLength(40)
    expect(withAttempt(busy, ['next', 'z', 'done'], NOW + 1)).toHaveLength(16)
  })

  it('R121: an attempt of once() is its own until somebody follows, also where a generation has ended what is said of it', () => {
    expect(isStillMine([running], 'k', 'a')).toBe(true)
    expect(isStillMine([over], 'k', 'a')).toBe(true)
    expect(isStillMine([['k', 'b', NOW]], 'k', 'a')).toBe(false)
    expect(isStillMine([done], 'k', 'a')).toBe(false)
    expect(isStillMine(undefined, 'k', 'a')).toBe(true)
  })

  it('R121: an attempt of once() is read from the record as it was written, and anything else is nothing', () => {
    const access = accessOf({ _once: [running, done, failed] })
    expect(accessOf(JSON.parse(JSON.stringify(accessFields(access))) as object)).toEqual(access)
    const odd = [null, 'k', ['k'], ['k', 1, 2], ['k', 'a', 'later'], ['k', 'a', null], [1, 'a', 1]]
    expect(accessOf({ _once: odd as never }).once).toBeUndefined()
    expect(accessOf({ _once: 'k' as never }).once).toBeUndefined()
  })

  it('R121: no hook and no list sees an attempt of once()', () => {
    expect(withoutControls({ ...record, user: 'alice' })).toEqual({ user: 'alice' })
  })

  it('R121: an attempt of once() stays with another token of the same owner, and not with another generation', () => {
    const next = makeToken('id', { withSecret: true })
    expect(rotate(next, accessOf(record), { isNewGeneration: false, now: NOW }).once).toEqual([running])
    expect(rotate(next, accessOf(record), { isNewGeneration: true, now: NOW }).once).toBeUndefined()
  })
})
