import { createSession, SessionError, SessionOptions } from 'koa-session-service'
import { SessionOptions as Theirs } from 'koa-session'
import { createApp } from '../../support/app/app'

let warnings: string[]
beforeEach(() => {
  warnings = []
  jest.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)))
})
afterEach(() => jest.restoreAllMocks())

/** What koa-session fills in beside its defaults: it has its own encoding at hand when it is not told of another. */
function withoutCodec({ encode: _encode, decode: _decode, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return rest
}

test.each<[string, object]>([
  ['nothing', {}],
  ['options', { key: 'shop', maxAge: 1000, httpOnly: false, rolling: true, signed: false, prefix: 'p' }],
  ['what is undefined', { key: undefined, maxAge: undefined }],
  ['options of others', { logValue: false, anything: 1 }],
])('R93: SessionOptions.parse() gives back what koa-session does: %s', (_, options) => {
  expect(SessionOptions.parse(options)).toEqual(withoutCodec(Theirs.parse(options)))
})

test('R93: further fields of SessionOptions are read by their own schemas, as in Egg 4', () => {
  const fields = { logValue: Theirs.shape.httpOnly }
  const ours = SessionOptions.extend(fields)
  for (const options of [{}, { key: 'EGG_SESS', logValue: false }]) {
    expect(ours.parse(options)).toEqual(withoutCodec(Theirs.extend(fields).parse(options)))
  }
  expect(() => ours.parse({ logValue: 'yes' })).toThrow(expect.objectContaining({ name: 'ZodError' }))
  expect(SessionOptions.parse({})).not.toHaveProperty('logValue')
  const twice = ours.extend({ level: Theirs.shape.prefix })
  expect(twice.parse({ level: 'info' })).toMatchObject({ logValue: true, level: 'info', key: 'koa.sess' })
})

test('R93: a value that cannot be is an error of SessionOptions, thrown or returned', () => {
  expect(() => SessionOptions.parse({ maxAge: '1 day' })).toThrow(SessionError)
  expect(() => SessionOptions.parse(undefined)).toThrow('Session options are an object.')
  expect(SessionOptions.safeParse({ signed: 'yes' })).toEqual({
    success: false,
    error: expect.any(SessionError) as unknown,
  })
  expect(SessionOptions.safeParse({ key: 'k' })).toMatchObject({ success: true, data: { key: 'k' } })
})

test('R93: options that SessionOptions has parsed make a session', () => {
  expect(() => createSession(SessionOptions.parse({ key: 'shop' }), createApp())).not.toThrow()
})

test('R93: SessionOptions leaves "encrypt" out, as koa-session does, and says so', () => {
  expect(SessionOptions.parse({ encrypt: true })).not.toHaveProperty('encrypt')
  expect(warnings).toEqual([expect.stringContaining('the session cookie can be read')])
  expect(SessionOptions.extend({ encrypt: Theirs.shape.secure }).parse({ encrypt: true })).toHaveProperty(
    'encrypt',
    true,
  )
})
