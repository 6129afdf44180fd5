import { MemoryStore, SessionError, type SessionOptions } from 'koa-session-service'
import { createSessionApp } from '../../support/app/session-app'

const HTTPS = { 'x-forwarded-proto': 'https' }

const ATTRIBUTES: [string, SessionOptions, Record<string, string>][] = [
  ['the defaults', {}, {}],
  ['a "session" lifetime', { maxAge: 'session' }, {}],
  ['a long name', { key: 'a-rather-long-name-for-a-cookie' }, {}],
  ['a domain and a path', { domain: 'shop.example.org', path: '/cart' }, {}],
  ['SameSite and priority', { sameSite: 'strict', priority: 'high' }, {}],
  ['no HttpOnly', { httpOnly: false }, {}],
  ['Secure and Partitioned', { secure: true, partitioned: true, sameSite: 'none' }, HTTPS],
  ['secure: "auto" behind a proxy', { secure: 'auto' }, HTTPS],
  ['a connection that is encrypted', {}, HTTPS],
  ['no signature', { signed: false }, {}],
]

/** Answers the Set-Cookie line of a session whose value has so many characters, or what went wrong. */
async function write(length: number, options: SessionOptions, headers: Record<string, string>) {
  const { app, visitor } = createSessionApp({ ...options, encode: () => 'x'.repeat(length) })
  app.proxy = true
  let error: unknown
  app.on('error', (failure) => (error = failure))
  const { status, setCookie } = await visitor().get('/set?user=ann', headers)
  return { status, line: setCookie[0] ?? '', error }
}

describe.each(ATTRIBUTES)('a cookie with %s', (_name, options, headers) => {
  it('R37: passes with 4,096 bytes of name, value and attributes, and fails with 4,097', async () => {
    const overhead = (await write(1, options, headers)).line.length - 1
    const full = await write(4096 - overhead, options, headers)
    expect(full).toMatchObject({ status: 200, error: undefined })
    expect(Buffer.byteLength(full.line)).toBe(4096)
    const over = await write(4097 - overhead, options, headers)
    expect([over.status, over.line.length]).toEqual([500, 0])
    expect(over.error).toBeInstanceOf(SessionError)
    expect(over.error).toMatchObject({ code: 'ERR_SESSION_COOKIE_TOO_LARGE' })
  })
})

it('R37: the error tells the cookie, both sizes and the cures', async () => {
  const { error } = await write(5000, {}, {})
  const { message } = error as SessionError
  expect(message).toContain('"koa.sess"')
  expect(message).toContain(
    `${'koa.sess='.length + 5000 + '; path=/; expires=Tue, 01 Jan 2030 00:00:00 GMT; httponly'.length} bytes`,
  )
  expect(message).toContain('4096')
  expect(message).toMatch(/store/)
  expect(message).toMatch(/chunks/)
})

it('R37: the session that the visitor has stays when a change does not fit', async () => {
  const visitor = createSessionApp({}).visitor()
  await visitor.get('/set?user=ann')
  expect((await visitor.get(`/set?text=${'x'.repeat(5000)}`)).status).toBe(500)
  expect((await visitor.get('/')).json()).toEqual({ user: 'ann' })
})

it('R37: what rests in a store can be of any size', async () => {
  const visitor = createSessionApp({ store: new MemoryStore() }).visitor()
  await visitor.get(`/set?text=${'x'.repeat(10_000)}`)
  expect((await visitor.get('/')).json<{ text: string }>().text).toHaveLength(10_000)
})
