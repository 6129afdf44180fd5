import { Recollection, type LastTold, type Told } from '../../../../src/request/explain/recollection'
import { toldBy } from '../../../../src/request/explain/told'
import { fingerprint } from '../../../../src/session/token'

const AT = Date.parse('2030-01-01T00:00:00Z')

function told(attributes: string, value = 'abc', connection?: number): Told {
  const cookie = toldBy(`koa.sess=${value}; ${attributes}`, { hasStore: false, now: AT })
  return { cookie, host: 'shop.example', at: AT, isAwaited: true, connection, life: 3000 }
}

describe('what a client was told', () => {
  it('R120: a Recollection remembers what a client was told to keep, for a minute', () => {
    const memory = new Recollection()
    memory.noteTold('ann', told('path=/'))
    expect(memory.toldTo('ann', AT + 59_999)).toEqual({ ...told('path=/'), isSure: true, isOver: false })
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
    expect(memory.toldTo('ann', AT + later)?.isOver).toBe(!expected)
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

describe('whether a request was sent when its client had the last response', () => {
  /** A client whose requests came by these connections, the last of them now; the one before that was told just now. */
  function after(came: [ago: number, connection: number | undefined][], connection?: number): LastTold | undefined {
    const memory = new Recollection()
    for (const [ago, over] of came.slice(0, -1)) memory.toldTo('ann', AT - ago, over)
    memory.noteTold('ann', told('path=/', 'abc', connection))
    const [[ago, over]] = came.slice(-1)
    return memory.toldTo('ann', AT - ago, over)
  }

  it.each<[what: string, came: [number, number | undefined][], connection: number | undefined, isSure: boolean]>([
    ['a second after it', [[-1000, 2]], 1, true],
    ['less than a second after it', [[-999, 2]], 1, false],
    [
      'over the same connection',
      [
        [5, 1],
        [-1, 1],
      ],
      1,
      true,
    ],
    [
      'over another connection',
      [
        [5, 1],
        [-1, 2],
      ],
      1,
      false,
    ],
    [
      'over connections that nobody knows',
      [
        [5, undefined],
        [-1, undefined],
      ],
      undefined,
      false,
    ],
    [
      'over the same connection, beside others',
      [
        [7, 1],
        [6, 2],
        [5, 1],
        [-1, 1],
      ],
      1,
      false,
    ],
    [
      'over the same connection, a second after another one',
      [
        [2000, 2],
        [5, 1],
        [2, 1],
        [-1, 1],
      ],
      1,
      true,
    ],
    [
      'over a connection of before the one that was told',
      [
        [9, 1],
        [5, 2],
        [-1, 1],
      ],
      2,
      false,
    ],
  ])('R120: a Recollection knows of a request that comes %s', (_what, came, connection, isSure) => {
    expect(after(came, connection)?.isSure).toBe(isSure)
  })
})

describe('what was said of a bad signature', () => {
  it('R120: a Recollection remembers what was said of the signature of a cookie', () => {
    const memory = new Recollection()
    memory.noteBadSignature('the one!', 'overwritten')
    expect([memory.badSignatureOf('the one!'), memory.badSignatureOf('another!')]).toEqual(['overwritten', undefined])
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

  it.each([
    ['the session itself', { session: fingerprint('id-1') }, 40, 'limit'],
    ['another session', { session: fingerprint('id-2') }, 60, undefined],
    ['all of its owner', { owner: 'ann' }, 50, 'limit'],
    ['all of its owner, before it was used', { owner: 'ann' }, 49, undefined],
    ['all of another owner', { owner: 'ben' }, 60, undefined],
    ['what carries a key, as nobody says which ones do', { key: 'team:1' }, 60, undefined],
  ])('R120: a Recollection knows why a session was ended, or says nothing: %s', (_what, ended, at, reason) => {
    const memory = new Recollection()
    memory.noteRecord('id-1', record)
    memory.noteEnded({ reason: 'limit', ctx: undefined, ...ended }, at)
    expect(memory.reasonOf(fingerprint('id-1'))).toBe(reason)
  })

  it('R120: a Recollection knows an ended session also where it has never seen its record', () => {
    const memory = new Recollection()
    memory.noteEnded({ reason: 'limit', session: fingerprint('id-1'), ctx: undefined }, 60)
    expect(memory.stateOf('id-1', 0, 99)).toBe('over')
  })
})
