import { MemoryStore, sealed, session, SessionError, type SessionOptions } from 'koa-session-service'
import { deviceBound, type DeviceBoundOptions } from 'koa-session-service/dbsc'
import { createApp } from '../../support/app'
import { SEALING_KEYS } from '../../support/every-backend'

const owner = (): string => 'ann'
const store = new MemoryStore()
const codec = sealed({ keys: SEALING_KEYS })
const externalKey = { get: () => undefined, set: () => undefined }

function refusal(make: () => unknown): string | undefined {
  try {
    make()
  } catch (error) {
    expect((error as SessionError).code).toBe('ERR_SESSION_OPTIONS')
    return (error as SessionError).message
  }
  return undefined
}

const refusalOf = (options: SessionOptions): string | undefined =>
  refusal(() => session({ owner, binding: deviceBound(), ...options } as SessionOptions, createApp()))

it.each<[cure: string, options: SessionOptions]>([
  ['Add "owner"', { owner: undefined, store }],
  ['Leave out "externalKey"', { store, externalKey }],
  ['Leave out "signed", or add codec: sealed({ keys })', { store, signed: false }],
  ['Leave out "signed", or add codec: sealed({ keys })', { signed: false }],
  ['Leave out "signed", or add codec: sealed({ keys })', { store, signed: () => true }],
  ['Leave out secure: false', { store, secure: false }],
  ['Leave one out', { store, secure: true, partitioned: true }],
  ['takes a binding: deviceBound() of koa-session-service/dbsc, not true', { store, binding: true as never }],
  [
    'takes a binding: deviceBound() of koa-session-service/dbsc, not a function',
    { store, binding: deviceBound as never },
  ],
])('R77: %s, where a session could not be bound, or would not be protected', (cure, options) => {
  expect(refusalOf(options)).toContain(cure)
})

it.each<[name: string, options: SessionOptions]>([
  ['a store', { store }],
  ['a signed cookie', {}],
  ['a sealed cookie', { codec }],
  ['a sealed cookie in pieces', { codec, chunks: 2 }],
])('R77: a session in %s can be bound', (_name, options) => {
  expect(refusalOf(options)).toBeUndefined()
})

it('R77: other sites can have no part in a session that rests in its cookie', () => {
  const binding = deviceBound({ initiators: ['*'] })
  expect(refusalOf({ codec, binding })).toContain('Leave it out, or add a "store"')
  expect(refusalOf({ store, binding })).toBeUndefined()
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

it('R77: an option that deviceBound() does not have is refused, and so is what is no object', () => {
  expect(refusal(() => deviceBound({ lifetme: 5 } as DeviceBoundOptions))).toMatch(
    /^Unknown option "lifetme".*lifetime/,
  )
  expect(refusal(() => deviceBound(5 as never))).toBe('deviceBound() takes an object of options, not 5.')
})

it('R77: nothing of it is loaded without its subpath', () => {
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
