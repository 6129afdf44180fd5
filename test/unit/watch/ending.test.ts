import { endedError, endingOf, endOf, type Ending, type Look } from '../../../src/watch/ending'

const NOW = 1_000_000
const known = { generation: 2, owner: 'ann', created: NOW - 500, expire: NOW + 500, policy: {} }
const record = { _expire: NOW + 500, _maxAge: 1000, _gen: 2 }
/** A session that goes on. */
const LIVE: Look = { known, span: known, found: record, policy: {}, deadline: Infinity, now: NOW }
const PAST = { created: NOW - 500, expire: NOW - 1 }

type Row = [what: string, look: Partial<Look>, ending: Ending | undefined]

const ROWS: Row[] = [
  ['the record as it is known', {}, undefined],
  ['the last millisecond', { found: { ...record, _expire: NOW } }, undefined],
  ['the holder has ended it', { known: undefined }, 'gone'],
  ['no record', { found: undefined }, 'gone'],
  ['no record, when its time is past', { found: undefined, span: PAST }, 'timeout'],
  ['other hands', { found: { ...record, _gen: 3 } }, 'generation'],
  ['what was read before the holder itself changed hands', { found: { ...record, _gen: 1 } }, undefined],
  ['other hands, and expired', { found: { ...record, _gen: 3, _expire: NOW - 1 } }, 'generation'],
  ['an expired record', { found: { ...record, _expire: NOW - 1 } }, 'timeout'],
  ['renewed since it was known', { span: PAST }, undefined],
  ['an idle timeout that was lowered', { policy: { idleTimeout: 499 } }, 'timeout'],
  ['an idle timeout that is not over', { policy: { idleTimeout: 501 } }, undefined],
  ['an absolute timeout', { policy: { absoluteTimeout: 499 }, found: { ...record, _created: NOW - 500 } }, 'timeout'],
  ['a store in trouble', { found: 'unread' }, undefined],
  ['a store in trouble, when its time is past', { found: 'unread', span: PAST }, 'timeout'],
  ['a store in trouble, and an absolute timeout', { found: 'unread', policy: { absoluteTimeout: 499 } }, 'timeout'],
]

const DEADLINES: Row[] = [
  ['the last millisecond of what it was opened with', { deadline: NOW + 1 }, undefined],
  ['what it was opened with is past its time', { deadline: NOW }, 'unproven'],
  ['the same, and a store in trouble', { deadline: NOW, found: 'unread' }, 'unproven'],
  ['the same, and no record', { deadline: NOW, found: undefined }, 'gone'],
]

describe('how a session that is held ends', () => {
  it.each(ROWS)('R72: a held session ends, or goes on, after a look: %s', (_what, look, ending) => {
    expect(endingOf({ ...LIVE, ...look })).toBe(ending)
  })

  it.each(DEADLINES)(
    'R101: a held session that is bound ends with what it was opened with: %s',
    (_what, look, ending) => {
      expect(endingOf({ ...LIVE, ...look })).toBe(ending)
    },
  )

  it('R72: a held session is looked at again when the record says that it is over', () => {
    expect(endOf(known, {}, NOW)).toBe(NOW + 500)
    expect(endOf(known, { absoluteTimeout: 800 }, NOW)).toBe(NOW + 300)
    expect(endOf({ created: NOW, expire: undefined }, {}, NOW)).toBe(Infinity)
  })

  it('R72: R41: the reason for the end of a held session is an error with a code, and says nothing of the session', () => {
    const errors = (['gone', 'generation', 'timeout', 'unproven', 'absent'] as const).map(endedError)
    expect(errors.map(({ code, status }) => [code, status])).toEqual(errors.map(() => ['ERR_SESSION_ENDED', 401]))
    expect(new Set(errors.map(({ message }) => message)).size).toBe(5)
  })
})
