import type { Context } from 'koa'
import { SessionError } from '../../../src/base/errors'
import { cookieAttributes, type CookieOptions } from '../../../src/options/values/cookie-options'
import { thrownBy } from '../../support/thrown-by'

const contextWith = (query: object, secure = true) => ({ query, secure }) as unknown as Context
const VALUE = contextWith({})

type Options = CookieOptions & { key?: string }

const refusal = (options: Options) => thrownBy(() => cookieAttributes(options, VALUE))

const shown = (value: unknown) => (typeof value === 'string' ? JSON.stringify(value) : String(value))

const BAD: [name: keyof CookieOptions, value: unknown, said: string, cure: string][] = [
  ...(['httpOnly', 'signed', 'overwrite', 'partitioned'] as const).map(
    (name): [keyof CookieOptions, unknown, string, string] => [name, 'yes', '"yes"', 'true or false'],
  ),
  ['httpOnly', 0, '0', 'true or false'],
  ['secure', 1, '1', "true, false or 'auto'"],
  ['sameSite', 'loose', '"loose"', "'strict', 'lax', 'none', true or false"],
  ['domain', 'a.example;path=/', '"a.example;path=/"', 'a domain name'],
  ['domain', '', '""', 'a domain name'],
  ['domain', 'a.example:3000', '"a.example:3000"', 'a domain name'],
  ['domain', Promise.resolve('a.example'), 'a promise', 'a domain name'],
  ['path', 'shop', '"shop"', 'a path that begins with "/"'],
  ['path', '/a;b', '"/a;b"', 'a path that begins with "/"'],
  ['path', ['/a'], 'an array', 'a path that begins with "/"'],
  ['priority', 'urgent', '"urgent"', "'low', 'medium' or 'high'"],
  ['expires', new Date(NaN), 'an object', 'a Date'],
  ['expires', 5, '5', 'a Date'],
  ['sameSite', () => 'lax', 'a function', "'strict', 'lax', 'none', true or false"],
]

test.each(BAD)(
  'R39: an option %s as a function that returns %p is an error that names the option',
  (name, value, said, cure) => {
    const error = refusal({ secure: true, [name]: () => value })
    expect(error).toBeInstanceOf(SessionError)
    expect(error?.code).toBe('ERR_SESSION_OPTIONS')
    expect(error?.message).toBe(`The session option "${name}" is ${said} for this request. It takes ${cure}.`)
  },
)

const TOGETHER: [title: string, options: Options, ...parts: string[]][] = [
  ['SameSite=None without Secure', { sameSite: () => 'none' }, '"sameSite"', 'Add secure: true'],
  ['SameSite=NONE, not Secure', { sameSite: () => 'NONE' as 'none', secure: false }, '"sameSite"', 'Add secure: true'],
  ['SameSite=None where Secure is taken back', { sameSite: 'none', secure: () => false }, '"sameSite"', 'secure: true'],
  ['Partitioned without Secure', { partitioned: () => true }, '"partitioned"', 'Add secure: true'],
  ['Partitioned where Secure is taken back', { partitioned: true, secure: () => false }, '"partitioned"'],
  ['__Host- where Secure is taken back', { key: '__Host-s', secure: () => false }, '"__Host-s"', 'Add secure: true'],
  ['__Secure- where Secure is not set', { key: '__Secure-s', secure: () => undefined as never }, '"__Secure-s"'],
  ['__Host- with a domain', { key: '__host-s', secure: true, domain: () => 'a.example' }, '"__host-s"', 'domain'],
  ['__Host- with a path', { key: '__Host-s', secure: true, path: () => '/a' }, '"__Host-s"', 'path'],
  ['__Http- for scripts', { key: '__Http-s', secure: true, httpOnly: () => false }, '"__Http-s"', 'httpOnly: false'],
  ['__Host-Http- for scripts', { key: '__host-http-s', secure: true, httpOnly: () => false }, 'httpOnly: false'],
  ['__Host-Http- with a path', { key: '__Host-Http-s', secure: true, path: () => '/a' }, '"__Host-Http-s"', 'path'],
]

test.each(TOGETHER)('R39: %s is refused for this request as at construction', (_, options, ...parts) => {
  const error = refusal(options)
  expect(error?.code).toBe('ERR_SESSION_OPTIONS')
  for (const part of parts) expect(error?.message).toContain(part)
})

const GOOD: [Options, object][] = [
  [{}, {}],
  [
    { sameSite: () => 'none', secure: () => true },
    { sameSite: 'none', secure: true },
  ],
  [{ sameSite: () => null, domain: () => undefined }, {}],
  [{ secure: () => 'auto' }, { secure: true }],
  [
    { key: '__Host-s', secure: 'auto', path: () => '/', domain: () => undefined },
    { secure: true, path: '/' },
  ],
  [
    { key: '__Http-s', secure: true, httpOnly: () => undefined, path: () => '/a' },
    { secure: true, path: '/a' },
  ],
  [{ partitioned: () => false }, { partitioned: false }],
]

test.each(GOOD)('R39: the attributes %p for one request are accepted', (options, attributes) => {
  expect(cookieAttributes(options, VALUE)).toEqual(attributes)
})

test("R39: secure: 'auto' follows the connection of each request", () => {
  const options: Options = { key: 'auto', secure: 'auto' }
  const found = [true, false, false, true].map((secure) => cookieAttributes(options, contextWith({}, secure)).secure)
  expect(found).toEqual([true, false, false, true])
})

describe('the memory of what was accepted', () => {
  const options: Options = { key: 'tenants', domain: ({ query }) => query.domain as string, secure: () => true }
  const of = (domain: unknown) => cookieAttributes(options, contextWith({ domain }))

  test('R39: attributes that the request before had are not checked or made again', () => {
    expect(of('a.example')).toBe(of('a.example'))
    expect(Object.isFrozen(of('a.example'))).toBe(true)
  })

  test('R39: remembered attributes let nothing else pass', () => {
    expect([of('a.example').domain, of('b.example').domain, of('a.example').domain]).toEqual([
      'a.example',
      'b.example',
      'a.example',
    ])
    expect(of(undefined)).toEqual({ secure: true })
    for (const bad of ['a b', '', 5]) {
      of('a.example')
      expect(() => of(bad)).toThrow(`"domain" is ${shown(bad)}`)
      expect(() => of(bad)).toThrow(SessionError)
    }
  })

  test('R39: the remembered attributes of one cookie are not those of another', () => {
    const free: Options = { key: 'free', path: () => '/a', secure: true }
    expect(cookieAttributes(free, VALUE)).toEqual({ path: '/a', secure: true })
    expect(refusal({ ...free, key: '__Host-s' })?.code).toBe('ERR_SESSION_OPTIONS')
  })
})

test("R39: an error that an attribute's function throws is the request's", () => {
  const failure = new Error('no tenant')
  const domain = (): string => {
    throw failure
  }
  expect(() => cookieAttributes({ domain }, VALUE)).toThrow(failure)
})
