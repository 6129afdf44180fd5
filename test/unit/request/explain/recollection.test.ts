import { Recollection, type LastTold } from '../../../../src/request/explain/recollection'
import { toldBy } from '../../../../src/request/explain/told'
import { fingerprint } from '../../../../src/session/token'

const AT = Date.parse('2030-01-01T00:00:00Z')

function told(attributes: string, value = 'abc'): LastTold {
  const cookie = toldBy(`koa.sess=${value}; ${attributes}`, { hasStore: false, now: AT })
  return { cookie, host: 'shop.example', at: AT, isAwaited: true }
}

describe('what a client was told', () => {
  it('R120: a Recollection remembers what a client was told to keep, for a minute', () => {
    const memory = new Recollection()
    memory.noteTold('ann', told('path=/'))
    expect(memory.toldTo('ann', AT + 59_999)).toEqual(told('path=/'))
    expect(memory.toldTo('ann', AT + 60_000)).toBeUndefined()
    expect(memory.toldTo('ben', AT)).toBeUndefined()
  })

  it('R120: a Recollection expects nothing back that a client was told to forget', () => {
    const memory = new Recollection()
    memory.noteTold('ann', told('path=/'))
    memory.noteTold('ann', told('path=/', ''))
    expect(memory.toldTo('ann', AT)).toBeUndefined()
  })

  it.each([
    ['expires=Tue, 01 Jan 2030 00:00:03 GMT', 2999, true],
    ['expires=Tue, 01 Jan 2030 00:00:03 GMT', 3000, false],
    ['max-age=3', 2999, true],
    ['max-age=3', 3000, false],
    ['httponly', 30_000, true],
  ])('R120: a Recollection expects a cookie with %s %i ms later: %s', (attributes, later, expected) => {
    const memory = new Recollection()
    memory.noteTold('ann', told(attributes))
    expect(memory.toldTo('ann', AT + later) !== undefined).toBe(expected)
  })

  it('R120: a Recollection awaits a cookie no more that has come back', () => {
    const memory = new Recollection()
    memory.noteTold('ann', told('path=/'))
    memory.noteBack('ann', ['another!'])
    memory.noteBack('ben', [told('path=/').cookie.fingerprint])
    expect(memory.toldTo('ann', AT)?.isAwaited).toBe(true)
    memory.noteBack('ann', ['another!', told('path=/').cookie.fingerprint])
    expect(memory.toldTo('ann', AT)?.isAwaited).toBe(false)
  })
})

describe('what became of a record', () => {
  const record = { until: 100, changes: 4, owner: 'ann', at: 50 }

  it.each([
    ['one that should live on', 'id-1', 4, 99, 'there'],
    ['one whose time is past', 'id-1', 4, 100, 'over'],
    ['one whose token was changed here since', 'id-1', 5, 99, 'over'],
    ['one that was never here', 'id-2', 4, 99, 'unknown'],
  ])('R120: a Recollection knows what became of a record: %s', (_what, id, changes, now, state) => {
    const memory = new Recollection()
    memory.noteRecord('id-1', record)
    expect(memory.stateOf(id, changes, now)).toBe(state)
  })

  it.each([
    ['the session itself', { session: fingerprint('id-1') }, 40, 'over'],
    ['another session', { session: fingerprint('id-2') }, 60, 'there'],
    ['all of its owner', { owner: 'ann' }, 50, 'over'],
    ['all of its owner, before it was used', { owner: 'ann' }, 49, 'there'],
    ['all of another owner', { owner: 'ben' }, 60, 'there'],
    ['what carries a key', { key: 'team:1' }, 60, 'over'],
    ['what carries a key, before it was used', { key: 'team:1' }, 49, 'there'],
    ['one session of its owner, and not this one', { owner: 'ann', session: fingerprint('id-2') }, 60, 'there'],
  ])(
    'R120: a Recollection knows of a record that an end in this process has removed: %s',
    (_what, ended, at, state) => {
      const memory = new Recollection()
      memory.noteRecord('id-1', record)
      memory.noteEnded({ reason: 'all', ctx: undefined, ...ended }, at)
      expect(memory.stateOf('id-1', 4, 99)).toBe(state)
    },
  )

  it('R120: a Recollection knows an ended session also where it has never seen its record', () => {
    const memory = new Recollection()
    memory.noteEnded({ reason: 'limit', session: fingerprint('id-1'), ctx: undefined }, 60)
    expect(memory.stateOf('id-1', 0, 99)).toBe('over')
  })
})
