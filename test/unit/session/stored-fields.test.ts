import { runInNewContext } from 'node:vm'
import { asWritten } from '../../../src/session/stored-fields'
import type { SessionRecord } from '../../../src/session/record'

const TIME = 1_893_456_000_123
const WHOLE = 1_893_456_000_000

class Decimal {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text
  }
}

class Moment {
  valueOf(): number {
    return TIME
  }
}

/** A 64-bit integer as long.js and the driver of MongoDB have it, with its methods and without. */
const LONG = { low: (TIME % 2 ** 32) | 0, high: Math.floor(TIME / 2 ** 32), unsigned: false }

const TIMES: [string, unknown, number][] = [
  ['a text', String(TIME), TIME],
  ['a text with blanks', ` ${TIME} `, TIME],
  ['a text with a fraction', `${TIME}.5`, TIME + 0.5],
  ['a text with an exponent', '1.893456e12', WHOLE],
  ['a BigInt', BigInt(TIME), TIME],
  ['a Date', new Date(TIME), TIME],
  ['a Date of another realm', runInNewContext(`new Date(${TIME})`), TIME],
  ['the text of a Date', new Date(TIME).toISOString(), TIME],
  ['the text of a time with a zone', '2030-01-01 02:00:00+02:00', WHOLE],
  ['a Long', { ...LONG, toNumber: () => TIME }, TIME],
  ['a Long that lost its methods', LONG, TIME],
  ['a decimal', new Decimal(String(TIME)), TIME],
  ['a moment', new Moment(), TIME],
  ['a boxed number', Object(TIME), TIME],
  ['a buffer of digits', Buffer.from(String(TIME)), TIME],
]

const NOTHING: [string, unknown][] = [
  ['null', null],
  ['an empty text', ''],
  ['the text "null"', 'null'],
  ['the text "undefined"', 'undefined'],
  ['0', 0],
  ['the text "0"', '0'],
  ['0 as a BigInt', 0n],
  ['NaN', NaN],
  ['a Date that is none', new Date(NaN)],
  ['Infinity', Infinity],
]

const UNREADABLE: [string, unknown][] = [
  ['a word', 'soon'],
  ['a flag', true],
  ['a list', [TIME]],
  ['an object', {}],
  ['half a Long', { low: 1 }],
  ['an object without a prototype', Object.create(null)],
  ['a function', () => TIME],
  ['a symbol', Symbol('time')],
]

const NUMBERS = ['_expire', '_maxAge', '_idle', '_created', '_gen', '_seen', '_since']

const read = (fields: object): Record<string, unknown> => ({
  ...asWritten({ user: 'ann', ...fields }),
})

describe.each(NUMBERS)('%s of a record that a store gives', (name) => {
  it.each(TIMES)(
    'R96: a number of a record that a store gives is one where the store made %s of it',
    (_kind, value, expected) => {
      expect(read({ [name]: value })).toEqual({ user: 'ann', [name]: expected })
    },
  )

  it.each(NOTHING)(
    'R96: a number of a record that a store gives says nothing where the store made %s of it',
    (_kind, value) => {
      expect(read({ [name]: value })).toStrictEqual({ user: 'ann' })
    },
  )

  it.each(UNREADABLE)(
    'R96: a number of a record that a store gives stays as it is where that is %s',
    (_kind, value) => {
      expect(read({ [name]: value })).toStrictEqual({ user: 'ann', [name]: value })
    },
  )
})

describe('_session of a record that a store gives', () => {
  it.each([1, '1', 'true', 'TRUE', 't', 'yes', 'y', 1n, Buffer.from([1]), { ...LONG, low: 1, high: 0 }, 'session'])(
    'R96: _session of a record that a store gives is true where the store made %p of it',
    (value) => expect(read({ _session: value })).toStrictEqual({ user: 'ann', _session: true }),
  )

  it.each([0, '0', 'false', 'False', 'f', 'no', 'n', '', null, false, 0n, NaN, 'null', Buffer.from([0])])(
    'R96: _session of a record that a store gives is not there where the store made %p of it',
    (value) => expect(read({ _session: value })).toStrictEqual({ user: 'ann' }),
  )
})

describe('what a record says of tokens and owners', () => {
  it.each([
    ['_past', [['hash', TIME, 1]]],
    ['_owned', [TIME, TIME]],
    ['_confirmed', [TIME, 'password']],
    ['_seenBy', { ip: '::1' }],
    ['_device', ['id', 'ES256', 'key', 1, 2]],
    ['_once', { key: 1 }],
    ['_turn', [TIME, 1]],
  ])('R96: the field %s is read from a column of JSON, and is not there where that is NULL', (name, value) => {
    expect(read({ [name]: JSON.stringify(value) })).toStrictEqual({ user: 'ann', [name]: value })
    expect(read({ [name]: Buffer.from(JSON.stringify(value)) })).toStrictEqual({ user: 'ann', [name]: value })
    for (const nothing of [null, '', 'null']) expect(read({ [name]: nothing })).toStrictEqual({ user: 'ann' })
    expect(read({ [name]: 'neither' })).toStrictEqual({ user: 'ann', [name]: 'neither' })
  })

  it('R96: a secret is read from bytes; only an empty one is none, so that no text opens a record by its id', () => {
    expect(read({ _secret: Buffer.from('a hash') })).toStrictEqual({ user: 'ann', _secret: 'a hash' })
    for (const nothing of [null, '', Buffer.alloc(0)]) expect(read({ _secret: nothing })).toStrictEqual({ user: 'ann' })
    for (const kept of ['null', 'undefined', 0, false]) expect(read({ _secret: kept })).toHaveProperty('_secret', kept)
  })

  it('R96: an id is read from bytes, and an empty one is none', () => {
    expect(read({ _id: Buffer.from('an id') })).toStrictEqual({ user: 'ann', _id: 'an id' })
    for (const nothing of [null, '', Buffer.alloc(0)]) expect(read({ _id: nothing })).toStrictEqual({ user: 'ann' })
  })
})

describe('a record', () => {
  it.each([
    {},
    { _expire: TIME, _maxAge: 5 },
    { _session: true, _idle: 5, _created: TIME, _gen: 2, _seen: TIME, _secret: 'a hash' },
    { _past: [], _owned: [1, 2], _confirmed: [1], _seenBy: {}, _device: ['id', 'ES256', 'key', 1, 2] },
    { _expire: -1 },
  ])('R96: a record that is right is returned itself: %j', (fields) => {
    const record = { user: 'ann', ...fields } as unknown as SessionRecord
    expect(asWritten(record)).toBe(record)
  })

  it('R96: a record of a row whose columns are getters of its class is read with them, and is left as it is', () => {
    class Row {
      user = 'ann'
      get _expire(): string {
        return String(TIME)
      }
    }
    const row = Object.freeze(new Row())
    expect({ ...asWritten(row as unknown as SessionRecord) }).toStrictEqual({ user: 'ann', _expire: TIME })
    expect(Object.keys(row)).toEqual(['user'])
  })
})
