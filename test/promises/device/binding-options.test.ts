import { hardened, MemoryStore, sealed, session, type SessionError, type SessionOptions } from 'koa-session-service'
import { deviceBound, type DeviceBoundOptions } from 'koa-session-service/dbsc'
import { createApp, Visitor } from '../../support/app/app'
import { SEALING_KEYS } from '../../support/backends/backends'
import { thrownBy } from '../../support/thrown-by'

const owner = (): string => 'ann'
const store = new MemoryStore()
const codec = sealed({ keys: SEALING_KEYS })
const externalKey = { get: () => undefined, set: () => undefined }

function refusal(make: () => unknown): string | undefined {
  const error = thrownBy(make)
  if (error) expect(error.code).toBe('ERR_SESSION_OPTIONS')
  return error?.message
}

const refusalOf = (options: SessionOptions): string | undefined =>
  refusal(() => session({ owner, binding: deviceBound(), ...options } as SessionOptions, createApp()))

it.each<[what: string, options: SessionOptions, cure: string]>([
  ['without an owner', { owner: undefined, store }, 'Add "owner"'],
  ['with an externalKey', { store, externalKey }, 'Leave out "externalKey"'],
  ['that is not signed, in a store', { store, signed: false }, 'Leave out "signed", or add codec: sealed({ keys })'],
  ['that is not signed, in its cookie', { signed: false }, 'Leave out "signed", or add codec: sealed({ keys })'],
  ['that is signed now and then', { store, signed: () => true }, 'Leave out "signed", or add codec: sealed({ keys })'],
  ['that is not secure', { store, secure: false }, 'Leave out secure: false'],
  ['that is partitioned', { store, secure: true, partitioned: true }, 'Leave one out'],
  ['called __Host-Http-', { store, secure: true, key: '__Host-Http-session' }, 'Pass key: "__Host-session"'],
  ['called __Http-', { store, secure: true, key: '__Http-session' }, 'Pass key: "__Host-session"'],
  [
    'with true for its binding',
    { store, binding: true as never },
    'takes a binding: deviceBound() of koa-session-service/dbsc, not true',
  ],
  [
    'with a function for its binding',
    { store, binding: deviceBound as never },
    'takes a binding: deviceBound() of koa-session-service/dbsc, not a function',
  ],
])('R77: a session %s cannot be bound, and the error says the cure', (_what, options, cure) => {
  expect(refusalOf(options)).toContain(cure)
})

it.each<[name: string, options: SessionOptions]>([
  ['a store', { store }],
  ['a signed cookie', {}],
  ['a store, by hardened()', hardened({ store, binding: deviceBound() })],
  ['a sealed cookie', { codec }],
  ['a sealed cookie of any name', { codec, secure: true, key: '__Host-Http-session' }],
  ['a sealed cookie in pieces', { codec, chunks: 2 }],
])('R77: a session in %s can be bound', (_name, options) => {
  expect(refusalOf(options)).toBeUndefined()
})

it('R77: other sites can have no part in a session that rests in its cookie', () => {
  const binding = deviceBound({ initiators: ['*'] })
  expect(refusalOf({ codec, binding })).toContain('Leave it out, or add a "store"')
  expect(refusalOf({ store, binding })).toBeUndefined()
})

describe('two bindings in one app', () => {
  const clashOf = (first: SessionOptions, second: SessionOptions): string | undefined => {
    const app = createApp()
    session({ owner, binding: deviceBound(), ...first } as SessionOptions, app)
    const error = thrownBy(() => session({ owner, property: 'second', ...second } as SessionOptions, app))
    if (error) expect(error.code).toBe('ERR_SESSION_CLASH')
    return error?.message
  }
  const elsewhere = deviceBound({ path: '/elsewhere' })

  it.each<[what: string, first: SessionOptions, second: SessionOptions, cure: string]>([
    ['one path', { store }, { store, key: 'second', binding: deviceBound() }, 'deviceBound({ path })'],
    ['one path, with one store', { store }, { key: 'second', binding: deviceBound() }, 'deviceBound({ path })'],
    [
      'second cookies of one name',
      { store, key: 'a' },
      { store, key: '__Host-a', secure: true, binding: elsewhere },
      '"key"',
    ],
    [
      'a second cookie that is a session',
      { store, key: 'a' },
      { store, key: '__Secure-a.bound', secure: true },
      '"key"',
    ],
    ['its signature', { store, key: 'a' }, { store, key: '__Secure-a.bound.sig', secure: true }, '"key"'],
    ['a piece of it', { codec, chunks: 2, key: 'a' }, { store, key: '__Host-a.bound.1', secure: true }, '"key"'],
    [
      'a session that was there',
      { store, key: '__Secure-b.bound', secure: true, path: '/', binding: undefined },
      { store, key: 'b', binding: deviceBound() },
      '"key"',
    ],
  ])('R101: two bindings in one app clash: %s', (_what, first, second, cure) => {
    expect(clashOf(first, second)).toContain(cure)
  })

  it.each<[what: string, first: SessionOptions, second: SessionOptions]>([
    ['paths and keys of their own', { store }, { store, key: 'second', binding: elsewhere }],
    ['one that is bound, and one that is not', { store }, { store, key: 'second' }],
  ])('R101: two bindings in one app do not clash: %s', (_what, first, second) => {
    expect(clashOf(first, second)).toBeUndefined()
  })

  it('R101: one binding may be that of sessions in two apps', () => {
    const binding = deviceBound()
    for (const app of [createApp(), createApp()]) session({ owner, store, binding } as SessionOptions, app)
  })
})

describe('the secrets of a binding', () => {
  const LONG = 'a secret of thirty-two characters'
  const tellOf = async (keys: unknown, binding = deviceBound()): Promise<unknown> => {
    const app = createApp()
    app.keys = keys as string[]
    app.proxy = true
    const errors: unknown[] = []
    app.on('error', (error: SessionError) => errors.push([error.code, error.message]))
    app.use(session({ owner, store: new MemoryStore(), signed: true, binding } as SessionOptions, app))
    app.use((ctx) => void (ctx.body = ctx.session.toJSON()))
    const { status } = await new Visitor(app).get('/')
    return [status, ...errors.flat()]
  }

  it.each([
    ['short', ['short']],
    ['31 bytes', ['x'.repeat(31)]],
    ['one of them', [LONG, 'short']],
    ['bytes', [Buffer.alloc(31)]],
  ])('R101: a first request is refused where app.keys are too short for a binding: %s', async (_what, keys) => {
    const told = expect.stringMatching(/app\.keys.*shorter than 32 bytes.*deviceBound\(\{ keys \}\)/) as string
    expect(await tellOf(keys)).toEqual([500, 'ERR_SESSION_OPTIONS', told])
  })

  it.each([
    ['32 bytes', ['x'.repeat(32)]],
    ['16 characters of two bytes', ['é'.repeat(16)]],
    ['two', [LONG, LONG]],
  ])('R101: a first request is served where app.keys are long enough for a binding: %s', async (_what, keys) => {
    expect(await tellOf(keys)).toEqual([200])
  })

  it('R101: short app.keys are taken where deviceBound() has secrets of its own', async () => {
    expect(await tellOf(['short'], deviceBound({ keys: [LONG] }))).toEqual([200])
  })
})

const LIFETIME = 'takes a number of milliseconds, from 1000 to 86400000, not '
const PATH = 'takes a path such as "/device-bound-session", without a "/" at its end, not '
const HOSTS = 'takes a list of hosts such as "example.com", "*.example.com" or "*", not '
it.each<[name: string, value: unknown, told: string]>([
  ['lifetime', 999, `${LIFETIME}999`],
  ['lifetime', 86_400_001, `${LIFETIME}86400001`],
  ['lifetime', Number.NaN, `${LIFETIME}NaN`],
  ['lifetime', '10 minutes', `${LIFETIME}"10 minutes"`],
  ['path', 'bound', `${PATH}"bound"`],
  ['path', '/', `${PATH}"/"`],
  ['path', '/bound/', `${PATH}"/bound/"`],
  ['path', '/a";b="', `${PATH}"/a\\";b=\\""`],
  ['includeSite', 'yes', 'takes true or false, not "yes"'],
  ['exclude', '/static', 'takes a list of paths such as "/static", not "/static"'],
  ['exclude', ['static'], 'takes a list of paths such as "/static", not an array'],
  ['initiators', '*', `${HOSTS}"*"`],
  ['initiators', ['https://example.com'], `${HOSTS}an array`],
  ['keys', [], 'takes a list of secrets of at least 32 bytes each, not these'],
  ['keys', ['short'], 'takes a list of secrets of at least 32 bytes each, not these'],
])('R77: deviceBound({ %s: %j }) is refused', (name, value, told) => {
  expect(refusal(() => deviceBound({ [name]: value }))).toBe(`The option "${name}" of deviceBound() ${told}.`)
})

it('R77: an option that deviceBound() does not have is refused, and so are options that are no object', () => {
  expect(refusal(() => deviceBound({ lifetme: 5 } as DeviceBoundOptions))).toMatch(
    /^Unknown option "lifetme" of deviceBound\(\)\. Did you mean "lifetime"\? It takes .*path/,
  )
  expect(refusal(() => deviceBound(5 as never))).toBe('deviceBound() takes an object of options, not 5.')
})

it('R77: nothing of device binding is loaded without its subpath', () => {
  jest.isolateModules(() => {
    let wasLoaded = false
    jest.doMock('../../../src/device/device-bound', () => {
      wasLoaded = true
      return {}
    })
    jest.doMock('../../../src/device/bound-sessions', () => {
      wasLoaded = true
      return {}
    })
    jest.requireActual('koa-session-service')
    expect(wasLoaded).toBe(false)
    jest.requireActual('koa-session-service/dbsc')
    expect(wasLoaded).toBe(true)
  })
})
