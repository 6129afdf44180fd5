import { MemoryStore, sealed, session, SessionError, type SessionOptions } from 'koa-session-service'
import { createApp } from '../../support/app/app'
import { thrownBy } from '../../support/thrown-by'

/** What construction with these options throws; undefined where it throws nothing. */
const refusal = (options: unknown) => thrownBy(() => session(options as SessionOptions, createApp()))

class NoStore {
  get() {}
  set() {}
}

const store = new MemoryStore()
const codec = { encode: () => '', decode: () => undefined }
const LIFETIME = "takes a positive number of milliseconds, 400 days at most, or 'session'"
const DURATION = 'takes a positive number of milliseconds, 400 days at most'
const BOOLEANS = [
  'autoCommit',
  'overwrite',
  'httpOnly',
  'signed',
  'rolling',
  'renew',
  'partitioned',
  'lazy',
  'hashTokens',
  'preventCaching',
  'asyncLocalStorage',
]
const TOO_LONG = 400 * 86_400_000 + 1

const shownAs = (value: unknown) => (typeof value === 'string' ? `"${value}"` : String(value))

type BadValue = [name: string, value: unknown, shown: string, cure: string]
/** The option, a value that it does not take, how the message says so, and what it says to do. */
const BAD_VALUES: BadValue[] = [
  ['key', '', '""', 'takes a cookie name'],
  ['key', 'a b', '"a b"', 'takes a cookie name'],
  ['key', 'a;b', '"a;b"', 'takes a cookie name'],
  ['key', 'a=b', '"a=b"', 'takes a cookie name'],
  ['key', 'käse', '"käse"', 'takes a cookie name'],
  ['key', 'a\nb', '"a\\nb"', 'takes a cookie name'],
  ['key', 5, '5', 'takes a cookie name'],
  ['maxAge', -1, '-1', LIFETIME],
  ['maxAge', 0, '0', LIFETIME],
  ['maxAge', NaN, 'NaN', LIFETIME],
  ['maxAge', Infinity, 'Infinity', LIFETIME],
  ['maxAge', TOO_LONG, String(TOO_LONG), LIFETIME],
  ['maxAge', '1 day', '"1 day"', LIFETIME],
  ['maxAge', '86400000', '"86400000"', LIFETIME],
  ['maxAge', false, 'false', LIFETIME],
  ['maxage', -1, '-1', LIFETIME],
  ...['ttl', 'idleTimeout', 'absoluteTimeout', 'storeTimeout'].flatMap((name) =>
    [-1, 0, NaN, TOO_LONG, 'session'].map((value): BadValue => [name, value, shownAs(value), DURATION]),
  ),
  ...BOOLEANS.map((name): BadValue => [name, 'yes', '"yes"', 'takes true or false']),
  ['secure', 1, '1', "takes true, false or 'auto'"],
  ['sameSite', 'loose', '"loose"', "takes 'strict', 'lax', 'none', true or false"],
  ['sameSite', 0, '0', "takes 'strict', 'lax', 'none', true or false"],
  ['priority', 'urgent', '"urgent"', "takes 'low', 'medium' or 'high'"],
  ['domain', 'https://shop.example', '"https://shop.example"', 'takes a domain name'],
  ['domain', 'shop.example;path=/', '"shop.example;path=/"', 'takes a domain name'],
  ['domain', '', '""', 'takes a domain name'],
  ['path', 'shop', '"shop"', 'takes a path that begins with "/"'],
  ['path', '/shop;domain=x', '"/shop;domain=x"', 'takes a path that begins with "/"'],
  ['path', '', '""', 'takes a path that begins with "/"'],
  ['expires', '2030-01-01', '"2030-01-01"', 'takes a Date'],
  ['expires', new Date(NaN), 'an object', 'takes a Date'],
  ...['encode', 'decode', 'valid', 'beforeSave', 'genid', 'onConflict', 'owner'].map((name): BadValue => [
    name,
    'fn',
    '"fn"',
    'takes a function',
  ]),
  ['onStoreError', 'ignore', '"ignore"', "takes 'throw', 'anonymous' or a function"],
  ['codec', { encode: () => '' }, 'an object', 'takes an object with the functions encode and decode'],
  ['chunks', 0, '0', 'takes a whole number from 1 to 4'],
  ['chunks', 1.5, '1.5', 'takes a whole number from 1 to 4'],
  ['chunks', 5, '5', 'takes a whole number from 1 to 4, since Node refuses'],
  ['chunks', '4', '"4"', 'takes a whole number from 1 to 4'],
  ['store', { get: () => undefined }, 'an object', 'takes an object with the methods get, set and destroy'],
  ['store', [], 'an array', 'takes an object with the methods get, set and destroy'],
  ['store', NoStore, 'a function', 'or a class of such objects'],
  ['store', 'redis://localhost', 'a text', 'takes an object with the methods get, set and destroy'],
  ['ContextStore', NoStore, 'a function', 'takes a class with the methods get, set and destroy'],
  ['ContextStore', store, 'an object', 'takes a class with the methods get, set and destroy'],
  ['externalKey', { get: () => '' }, 'an object', 'takes an object with the functions get and set'],
  [
    'externalKey',
    { get: () => '', set: () => '', clear: 'x-session' },
    'an object',
    'takes an object with the functions get and set, and clear',
  ],
  ['externalKey', 'x-session', 'a text', 'takes an object with the functions get and set'],
  ['prefix', 'a b', '"a b"', 'takes a text of visible ASCII characters'],
  ['prefix', 5, '5', 'takes a text of visible ASCII characters'],
  ['property', 'my session', '"my session"', 'takes the name of a property'],
  ['property', '', '""', 'takes the name of a property'],
  ['commitOnError', 'never', '"never"', 'takes true, false or a function'],
  ['container', {}, 'an object', 'takes an object with the method get'],
  ['container', 5, '5', 'takes an object with the method get'],
]

/** Options that are good by themselves, and the parts of the message when they come together. */
const CONTRADICTIONS: [title: string, options: SessionOptions, ...parts: string[]][] = [
  ['two stores', { store, ContextStore: MemoryStore }, '"store"', '"ContextStore"', 'Leave one out'],
  ['externalKey alone', { externalKey: { get: () => '', set: () => undefined } }, '"externalKey"', 'Add a "store"'],
  ['a store class alone', { store: MemoryStore }, '"store"', 'Pass an instance, or a "container"'],
  ['hashTokens alone', { hashTokens: true }, '"hashTokens"', 'Add a "store"'],
  ['a codec beside a store', { codec, store }, '"codec"', 'Leave out "codec" or the store'],
  ['a codec beside encode', { codec, encode: () => '' }, '"codec"', 'Leave these out'],
  ['a codec beside decode', { codec, decode: () => ({}) }, '"codec"', 'Leave these out'],
  ...['./', '../', 'a/../', '..\\', 'a;b', '"', '"a"'].map((prefix): [string, SessionOptions, ...string[]] => [
    `the prefix ${prefix}`,
    { prefix },
    '"prefix"',
    JSON.stringify(prefix),
  ]),
  ['chunks alone', { chunks: 2 }, '"chunks"', 'Add codec: sealed({ keys })'],
  ['SameSite=None', { sameSite: 'none' }, 'SameSite=None', 'Add secure: true'],
  ['SameSite=None in capitals', { sameSite: 'NONE' as 'none' }, 'SameSite=None', 'Add secure: true'],
  ['SameSite=None with secure: false', { sameSite: 'none', secure: false }, 'SameSite=None', 'Add secure: true'],
  ['Partitioned', { partitioned: true }, 'Partitioned', 'Add secure: true'],
  ...['__Host-sess', '__host-sess', '__HOST-sess', '__Secure-sess', '__secure-sess'].map(
    (key): [string, SessionOptions, ...string[]] => [key, { key }, `"${key}"`, 'Add secure: true'],
  ),
  ...['__Http-s', '__http-s', '__Host-Http-s', '__HOST-http-s'].flatMap(
    (key): [string, SessionOptions, ...string[]][] => [
      [key, { key }, `"${key}"`, 'Add secure: true'],
      [`${key} for scripts`, { key, secure: true, httpOnly: false }, `"${key}"`, 'Leave out httpOnly: false'],
    ],
  ),
  [
    '__Host-Http- with a domain',
    { key: '__Host-Http-s', secure: true, domain: 'a.example' },
    '"__Host-Http-s"',
    'Leave out domain',
  ],
  [
    '__Host-Http- with a path',
    { key: '__Host-Http-s', secure: true, path: '/a' },
    '"__Host-Http-s"',
    'Leave out domain',
  ],
  ['__Host- with a domain', { key: '__Host-s', secure: true, domain: 'a.example' }, '"__Host-s"', 'Leave out domain'],
  ['__Host- with a path', { key: '__Host-s', secure: true, path: '/a' }, '"__Host-s"', 'Leave out domain and path'],
  ['__hOST- with a path', { key: '__hOST-s', secure: true, path: '/a' }, '"__hOST-s"', 'Leave out domain and path'],
]

/** Options that look strange, and are good. */
const GOOD: SessionOptions[] = [
  {},
  { key: "!#$%&'*+-.^_`|~aZ09" },
  { key: 'koa:sess' },
  { maxAge: 1 },
  { maxAge: TOO_LONG - 1 },
  { sameSite: 'Lax' as 'lax' },
  { domain: '.shop.example' },
  { domain: 'localhost' },
  { key: '__Host-s', secure: true },
  { key: '__Host-s', secure: true, path: '/' },
  { key: '__Secure-s', secure: true, path: '/a', domain: 'a.example' },
  { key: '__Http-s', secure: true, path: '/a', domain: 'a.example' },
  { key: '__Host-Http-s', secure: 'auto', httpOnly: (ctx) => ctx.secure },
  { key: '__Secure-s', secure: true, httpOnly: false },
  { chunks: 1 },
  { chunks: 4, codec: sealed({ keys: ['a secret of at least thirty-two bytes'] }) },
  { sameSite: 'none', secure: true, partitioned: true },
  { prefix: '' },
  { prefix: 'a.b/c:~"' },
  { prefix: 'a;', store: new MemoryStore(), externalKey: { get: () => '', set: () => undefined } },
  { ContextStore: MemoryStore },
  { store: MemoryStore, container: { get: (type) => new type() } },
  Object.fromEntries(BAD_VALUES.map(([name]) => [name, undefined])),
  Object.fromEntries(BAD_VALUES.map(([name]) => [name, null])),
]

test.each(BAD_VALUES)('R38, D8: the option %s: %p is refused', (name, value, shown, cure) => {
  const error = refusal({ [name]: value })
  expect(error).toBeInstanceOf(SessionError)
  expect(error?.code).toBe('ERR_SESSION_OPTIONS')
  expect(error?.message).toContain(`"${name}"`)
  expect(error?.message).toContain(`not ${shown}.`)
  expect(error?.message).toContain(cure)
})

test.each(CONTRADICTIONS)('R38, D8: options with %s are refused', (_, options, ...parts) => {
  const error = refusal(options)
  expect(error?.code).toBe('ERR_SESSION_OPTIONS')
  for (const part of parts) expect(error?.message).toContain(part)
})

test.each(GOOD)('R38: the options %o are accepted', (options) => {
  expect(refusal(options)).toBeUndefined()
})

test.each([
  ['maxage_', 'maxage'],
  ['maxAges', 'maxAge'],
  ['MaxAge', 'maxAge'],
  ['httponly', 'httpOnly'],
  ['samesite', 'sameSite'],
  ['autocommit', 'autoCommit'],
  ['external', 'externalKey'],
  ['contextStore', 'ContextStore'],
  ['tll', 'ttl'],
])('R38, D8: the unknown option %s is refused, with the nearest name, %s', (unknown, nearest) => {
  const error = refusal({ [unknown]: true })
  expect(error?.code).toBe('ERR_SESSION_OPTIONS')
  expect(error?.message).toContain(`"${unknown}"`)
  expect(error?.message).toContain(`Did you mean "${nearest}"?`)
})

test.each(['graceMs', 'database', 'x', 'sessionStorageEngine'])(
  'R38, D8: the unknown option %s, which is like none, is refused without a guess',
  (unknown) => {
    const error = refusal({ [unknown]: true })
    expect(error?.code).toBe('ERR_SESSION_OPTIONS')
    expect(error?.message).toBe(
      `Unknown session option "${unknown}". Leave it out; docs/options.md has a table of all options.`,
    )
  },
)

test.each(['toString', 'constructor', 'hasOwnProperty'])('R38: an option named %s is unknown', (name) => {
  expect(refusal({ [name]: true })?.message).toContain(`"${name}"`)
})

test.each([
  ['nonsense', 'a text'],
  [5, '5'],
  [true, 'true'],
  [[], 'an array'],
])('R38, D8: options that are no object are refused: %p', (options, shown) => {
  const error = refusal(options)
  expect(error?.code).toBe('ERR_SESSION_OPTIONS')
  expect(error?.message).toContain(`not ${shown}`)
  expect(error?.message).toContain('session(options, app)')
})
