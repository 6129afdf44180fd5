import { Base64Codec } from '../../../src/codecs/base64-codec'
import { sealed } from '../../../src/codecs/sealed-codec'
import { SessionError } from '../../../src/base/errors'
import { CookieTransport } from '../../../src/transports/cookie-transport'
import { contextOf } from '../../support/app/contexts'

const keys = ['a secret of more than thirty-two bytes']

test.each([
  ['nothing', undefined],
  ['null', null],
  ['a secret alone', keys[0]],
  ['a list of secrets', keys],
  ['a number', 5],
  ['an empty object', {}],
])('R36, R38: sealed() of %s says what it takes', (_, options) => {
  const make = () => sealed(options as never)
  expect(make).toThrow(SessionError)
  expect(make).toThrow(expect.objectContaining({ code: 'ERR_SESSION_OPTIONS' }))
  expect(make).toThrow('sealed({ keys }) takes a list of secrets of at least 32 bytes each.')
})

test.each([[-1], [NaN], ['1000'], [true], [{}]])('R36, R38: sealed() refuses compressAbove: %p', (compressAbove) => {
  const make = () => sealed({ keys, compressAbove: compressAbove as never })
  expect(make).toThrow(expect.objectContaining({ code: 'ERR_SESSION_OPTIONS' }))
  expect(make).toThrow('compressAbove')
})

test.each([
  ['without functions', {}],
  ['without parse', { stringify: JSON.stringify }],
  ['without stringify', { parse: JSON.parse }],
  ['that is a text', 'JSON'],
  ['that is a number', 5],
])('R38: a serializer %s is refused by sealed()', (_what, serializer) => {
  for (const make of [
    () => sealed({ keys, serializer: serializer as never }),
    () => new Base64Codec({ serializer: serializer as never }),
  ]) {
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_SESSION_OPTIONS' }))
    expect(make).toThrow('takes an object with the functions stringify and parse')
  }
})

test('R38: an option of sealed() that is undefined counts as left out', () => {
  const record = { user: 'ann', _session: true as const }
  const plain = new Base64Codec(null as never)
  expect(plain.decode(plain.encode(record))).toEqual(record)
  const codec = sealed({ keys, compressAbove: null as never, serializer: null as never })
  expect(codec.decode(codec.encode(record, 's'), 's')).toEqual(record)
})

test.each([[undefined], [5], [{}], [Buffer.from('x')]])(
  'R37: a codec that makes %p is an error that says so',
  (token) => {
    const ctx = contextOf('')
    const write = () => new CookieTransport('s').write(ctx, token as never, {}, 'session')
    expect(write).toThrow(expect.objectContaining({ code: 'ERR_SESSION_NOT_SERIALIZABLE' }))
    expect(write).toThrow(new RegExp(`"s" takes a text.*type ${typeof token}.*"encode"`, 's'))
    expect(ctx.res.getHeader('Set-Cookie')).toBeUndefined()
  },
)
