import { hardened, MemoryStore, SessionError, type SessionOptions } from 'koa-session-service'
import { BACKENDS } from '../../support/backends/backends'
import { createSessionApp, type SessionApp } from '../../support/app/session-app'

const HTTPS = { 'x-forwarded-proto': 'https' }

function behindProxy(options: SessionOptions): SessionApp {
  const served = createSessionApp(options)
  served.app.proxy = true
  return served
}

function attributesOf(lines: string[]): string[] {
  return lines.map((line) => line.slice(line.indexOf(';') + 2).replace(/; expires=[^;]+/, ''))
}

async function failure(served: SessionApp, path: string, headers = {}): Promise<{ status: number; error: unknown }> {
  let error: unknown
  served.app.on('error', (failed) => (error = failed))
  const { status } = await served.visitor().get(path, headers)
  return { status, error }
}

describe.each(BACKENDS)("secure: 'auto': $name", ({ options }) => {
  it("R39: secure: 'auto' is Secure on an encrypted connection behind app.proxy, for setting and clearing", async () => {
    const visitor = behindProxy({ ...options(), secure: 'auto' }).visitor()
    const set = await visitor.get('/set?user=ann', HTTPS)
    expect(new Set(attributesOf(set.setCookie))).toEqual(new Set(['path=/; secure; httponly']))
    const cleared = await visitor.get('/logout', HTTPS)
    expect(new Set(attributesOf(cleared.setCookie))).toEqual(new Set(['path=/; secure; httponly']))
  })

  it("R39: secure: 'auto' is not Secure on a plain connection", async () => {
    const visitor = behindProxy({ ...options(), secure: 'auto' }).visitor()
    const { setCookie } = await visitor.get('/set?user=ann')
    expect(new Set(attributesOf(setCookie))).toEqual(new Set(['path=/; httponly']))
    expect(new Set(attributesOf((await visitor.get('/logout')).setCookie))).toEqual(new Set(['path=/; httponly']))
  })

  it('R39: without app.proxy, what a client says of its connection does not count', async () => {
    const { setCookie } = await createSessionApp({ ...options(), secure: 'auto' })
      .visitor()
      .get('/set?user=ann', HTTPS)
    expect(new Set(attributesOf(setCookie))).toEqual(new Set(['path=/; httponly']))
  })
})

describe('secure: true', () => {
  it('R39: secure: true on a plain connection is an error that names app.proxy, at setting and at clearing', async () => {
    for (const path of ['/set?user=ann', '/logout']) {
      const { status, error } = await failure(behindProxy({ secure: true }), path)
      expect(status).toBe(500)
      expect(error).toBeInstanceOf(SessionError)
      expect(error).toMatchObject({ code: 'ERR_SESSION_INSECURE', message: expect.stringContaining('app.proxy') })
    }
  })

  it('R39: secure: true behind a proxy that the app does not trust is an error that names app.proxy', async () => {
    const { error } = await failure(createSessionApp({ secure: true }), '/set?user=ann', HTTPS)
    expect(error).toMatchObject({ code: 'ERR_SESSION_INSECURE', message: expect.stringContaining('app.proxy') })
  })

  it('R39: a request that sets no cookie is served on any connection with secure: true', async () => {
    expect(await createSessionApp({ secure: true }).visitor().get('/')).toMatchObject({ status: 200, setCookie: [] })
  })

  it('R39: secure: true sets the cookie behind app.proxy', async () => {
    const { setCookie } = await behindProxy({ secure: true }).visitor().get('/set?user=ann', HTTPS)
    expect(setCookie.every((line) => line.includes('; secure'))).toBe(true)
    expect(setCookie).toHaveLength(2)
  })
})

/** Each attribute as a function of ctx: what it answers for `?tenant=a`, and how that looks. */
const PER_REQUEST: [string, SessionOptions, string, string][] = [
  ['secure', { secure: (ctx) => ctx.query.tenant === 'a' }, 'path=/; secure; httponly', 'path=/; httponly'],
  [
    "secure 'auto'",
    { secure: (ctx) => ctx.query.tenant === 'a' && 'auto' },
    'path=/; secure; httponly',
    'path=/; httponly',
  ],
  ['httpOnly', { httpOnly: (ctx) => ctx.query.tenant === 'a' }, 'path=/; httponly', 'path=/'],
  ['path', { path: (ctx) => `/${String(ctx.query.tenant)}` }, 'path=/a; httponly', 'path=/b; httponly'],
  [
    'domain',
    { domain: (ctx) => `${String(ctx.query.tenant)}.example.org` },
    'path=/; domain=a.example.org; httponly',
    'path=/; domain=b.example.org; httponly',
  ],
  [
    'sameSite',
    { sameSite: (ctx) => (ctx.query.tenant === 'a' ? 'strict' : 'lax') },
    'path=/; samesite=strict; httponly',
    'path=/; samesite=lax; httponly',
  ],
  [
    'sameSite null',
    { sameSite: (ctx) => (ctx.query.tenant === 'a' ? 'strict' : null) },
    'path=/; samesite=strict; httponly',
    'path=/; httponly',
  ],
  [
    'priority',
    { priority: (ctx) => (ctx.query.tenant === 'a' ? 'high' : 'low') },
    'path=/; priority=high; httponly',
    'path=/; priority=low; httponly',
  ],
  [
    'partitioned',
    { secure: true, partitioned: (ctx) => ctx.query.tenant === 'a' },
    'path=/; secure; httponly; partitioned',
    'path=/; secure; httponly',
  ],
]

describe.each(PER_REQUEST)('%s as a function of ctx', (_name, options, forA, forB) => {
  it('R39: an attribute that is a function of ctx is asked for at each request, to set and to clear, for cookie and signature', async () => {
    for (const [tenant, expected] of [
      ['a', forA],
      ['b', forB],
    ]) {
      const visitor = behindProxy({ secure: false, ...options }).visitor()
      const set = await visitor.get(`/set?user=ann&tenant=${tenant}`, HTTPS)
      expect(attributesOf(set.setCookie)).toEqual([expected, expected])
      const cleared = await visitor.get(`/logout?tenant=${tenant}`, HTTPS)
      expect(attributesOf(cleared.setCookie)).toEqual([expected, expected])
      expect(cleared.setCookie.every((line) => line.includes('expires=Thu, 01 Jan 1970'))).toBe(true)
    }
  })
})

it('R39: signed as a function of ctx signs some cookies and reads some unsigned', async () => {
  const { visitor } = createSessionApp({ signed: (ctx) => ctx.query.tenant === 'a' })
  expect((await visitor().get('/set?user=ann&tenant=a')).setCookie).toHaveLength(2)
  const bea = visitor()
  expect((await bea.get('/set?user=bea&tenant=b')).setCookie).toHaveLength(1)
  expect((await bea.get('/?tenant=b')).json()).toMatchObject({ user: 'bea' })
  expect((await bea.get('/?tenant=a')).json()).toEqual({})
})

it('R39: sameSite "none" that turns out not to be Secure is an error that names app.proxy', async () => {
  const served = behindProxy({ secure: 'auto', sameSite: 'none' })
  const { error } = await failure(served, '/set?user=ann')
  expect(error).toMatchObject({ code: 'ERR_SESSION_INSECURE', message: expect.stringContaining('app.proxy') })
  const { setCookie } = await served.visitor().get('/set?user=ann', HTTPS)
  expect(attributesOf(setCookie)[0]).toBe('path=/; samesite=none; secure; httponly')
})

it('R39: a __Host- cookie with secure: "auto" on a plain connection is an error, not a cookie that is dropped', async () => {
  const { error } = await failure(behindProxy({ key: '__Host-id', secure: 'auto' }), '/set?user=ann')
  expect(error).toMatchObject({ code: 'ERR_SESSION_INSECURE' })
})

it('R39: the cure that the errors name for plain HTTP in development is enough', async () => {
  const cure = { key: 'session', secure: 'auto' } as const
  const store = new MemoryStore()
  const { error } = await failure(createSessionApp(hardened({ store })), '/set?user=ann')
  expect(error).toMatchObject({
    message: expect.stringContaining("pass secure: 'auto', and a key without that prefix."),
  })
  expect(() => createSessionApp(hardened({ store, secure: false }))).toThrow(
    'give it a key without that prefix as well',
  )
  const { setCookie } = await createSessionApp(hardened({ store, ...cure }))
    .visitor()
    .get('/set?user=ann')
  expect(new Set(attributesOf(setCookie))).toEqual(new Set(['path=/; samesite=lax; httponly']))
  const plain = await failure(createSessionApp({ secure: true }), '/set?user=ann')
  expect(plain.error).toMatchObject({ message: expect.stringContaining("development, pass secure: 'auto'.") })
  const other = await failure(createSessionApp({ secure: true, sameSite: 'none' }), '/set?user=ann')
  expect(other.error).toMatchObject({ message: expect.stringContaining("pass secure: 'auto', sameSite: 'lax'.") })
})
