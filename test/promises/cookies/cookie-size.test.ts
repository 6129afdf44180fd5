import { SessionError, type SessionOptions } from 'koa-session-service'
import { backendsWith } from '../../support/backends/backends'
import { createSessionApp, type Action } from '../../support/app/session-app'

const HTTPS = { 'x-forwarded-proto': 'https' }

const ATTRIBUTES: [string, SessionOptions, Record<string, string>][] = [
  ['the defaults', {}, {}],
  ['a "session" lifetime', { maxAge: 'session' }, {}],
  ['a long name', { key: 'a-rather-long-name-for-a-cookie' }, {}],
  ['a domain and a path', { domain: 'shop.example.org', path: '/cart' }, {}],
  ['a path of nearly all that there is', { path: `/${'p'.repeat(3_500)}` }, {}],
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
  const { status, body, setCookie } = await visitor().get('/set?user=ann', headers)
  return { status, body, line: setCookie[0] ?? '', error }
}

it.each(ATTRIBUTES)(
  'R37, D15: a cookie with %s passes with 4,096 bytes of name, value and attributes, and fails with 4,097',
  async (_name, options, headers) => {
    const overhead = (await write(1, options, headers)).line.length - 1
    const full = await write(4096 - overhead, options, headers)
    expect(full).toMatchObject({ status: 200, error: undefined })
    expect(Buffer.byteLength(full.line)).toBe(4096)
    const over = await write(4097 - overhead, options, headers)
    expect(over).toMatchObject({ status: 500, body: 'Internal Server Error', line: '' })
    expect(over.error).toBeInstanceOf(SessionError)
    expect(over.error).toMatchObject({ code: 'ERR_SESSION_COOKIE_TOO_LARGE' })
  },
)

it('R37, D15: the error of a cookie that is too long tells the cookie, both sizes and the cures', async () => {
  const { error } = await write(5000, {}, {})
  const { message } = error as SessionError
  const size = 'koa.sess='.length + 5000 + '; path=/; expires=Tue, 01 Jan 2030 00:00:00 GMT; httponly'.length
  expect(message).toMatch(
    new RegExp(
      `"koa\\.sess" would be ${size} bytes long.* 4096\\. Keep less .* store: session\\(\\{ store \\}, app\\)`,
    ),
  )
  expect(message).toMatch(/chunks/)
})

it('D15: the error of a cookie that is too long says nothing of the session as JSON', async () => {
  const { error } = await write(5000, {}, {})
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    name: 'SessionError',
    code: 'ERR_SESSION_COOKIE_TOO_LARGE',
    status: 500,
  })
})

it('R37, D15: the session that the visitor has stays and goes on when a change does not fit its cookie', async () => {
  const visitor = createSessionApp({}).visitor()
  await visitor.get('/set?user=ann')
  expect((await visitor.get(`/set?text=${'x'.repeat(5000)}`)).status).toBe(500)
  expect((await visitor.get('/')).json()).toEqual({ user: 'ann' })
  await visitor.get('/set?text=xx')
  expect((await visitor.get('/')).json()).toEqual({ user: 'ann', text: 'xx' })
})

it('D15: cookies that a handler sets are in the response where it answers the error of a session that is too long', async () => {
  const save: Action = async (ctx) => {
    ctx.cookies.set('theme', 'dark', { signed: false })
    ctx.session.text = 'x'.repeat(5_000)
    await ctx.session.save().catch(() => (ctx.session = { note: 'too much' }))
  }
  const visitor = createSessionApp({}, { '/save': save }).visitor()
  expect((await visitor.get('/save')).setCookie).toHaveLength(3)
  expect((await visitor.get('/')).json()).toEqual({ note: 'too much' })
})

it.each(backendsWith({ hasIds: true }))(
  'R37, D15: a session that rests in a store can be of any size: $name',
  async ({ options }) => {
    const visitor = createSessionApp(options(), {
      '/fill': (ctx) => void (ctx.session.text = 'x'.repeat(100_000)),
    }).visitor()
    expect((await visitor.get('/fill')).status).toBe(200)
    expect((await visitor.get('/')).json<{ text: string }>().text).toHaveLength(100_000)
  },
)
