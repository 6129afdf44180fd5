import type { IncomingMessage, ServerResponse } from 'node:http'
import Cookies from 'cookies'
import fc from 'fast-check'
import { findCookies } from '../../../src/cookies/cookie-header'

const NAMES = ['a', 'ab', 'a.b', 'a.sig', 'a+', '$a', 'koa.sess', 'koa.sess.sig']

function firstOf(header: string, name: string): { value: string | undefined; signature: string | undefined } {
  const cookies = new Cookies({ headers: { cookie: header } } as IncomingMessage, {} as ServerResponse)
  return { value: cookies.get(name), signature: cookies.get(`${name}.sig`) }
}

const name = fc.constantFrom(...NAMES)
const value = fc.oneof(fc.constantFrom('', '"', '""', '"quoted"', '=', 'x=y', ' spaced ', 'a', 'a='), fc.base64String())
const pair = fc.oneof(
  fc.tuple(name, fc.constantFrom('=', '=', '=', ' =', ''), value).map((parts) => parts.join('')),
  fc.constantFrom('', ' ', '=', 'a', 'a.sig', 'xa=1', '\ta=1'),
)
const likeHeaders = fc
  .array(fc.tuple(pair, fc.constantFrom('; ', ';', ';  ', ' ; ', ';;')), { maxLength: 8 })
  .map((parts) => parts.flat().join(''))
const anything = fc.string({ unit: fc.constantFrom('a', 'b', '.', 's', 'i', 'g', '=', ';', ' ', '"'), maxLength: 24 })

test.each([
  ['headers of cookies', likeHeaders],
  ['anything', anything],
])('R35: the first value and the first signature are those that the cookies package finds: %s', (_, headers) => {
  fc.assert(
    fc.property(headers, name, (header, wanted) => {
      const { values, signatures } = findCookies(header, wanted)
      expect({ value: values[0], signature: signatures[0] }).toEqual(firstOf(header, wanted))
    }),
    { numRuns: 500 },
  )
})

test('R35: every value of a repeated name is found, in the order of the header', () => {
  const values = fc.array(fc.base64String({ minLength: 1 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(values, values, (tokens, signatures) => {
      const pairs = [...tokens.map((text) => `a=${text}`), 'ab=no', ...signatures.map((text) => `a.sig=${text}`)]
      expect(findCookies(pairs.join('; '), 'a')).toEqual({ values: tokens, signatures, isCut: false })
    }),
    { numRuns: 100 },
  )
})

test.each(['a', 'a.sig'])(
  'R29: 32 cookies of a crowd of one name are taken, and the list says that there are more: %s',
  (name) => {
    const crowd = (count: number) => Array.from({ length: count }, (_, index) => `${name}=${index}`).join('; ')
    const [all, more] = [findCookies(crowd(32), 'a'), findCookies(crowd(33), 'a')]
    expect([all.isCut, more.isCut]).toEqual([false, true])
    expect([...more.values, ...more.signatures]).toEqual([...all.values, ...all.signatures])
  },
)
