import { randomBytes } from 'node:crypto'
import { sealed, SessionError, type SessionOptions } from 'koa-session-service'
import { Visitor } from '../../support/app/app'
import { SEALING_KEYS } from '../../support/backends/backends'
import { createSessionApp, type SessionApp } from '../../support/app/session-app'

const NAMES = ['koa.sess', 'koa.sess.1', 'koa.sess.2', 'koa.sess.3']

function open(options: SessionOptions = {}): SessionApp {
  const app = createSessionApp(
    { codec: sealed({ keys: SEALING_KEYS }), chunks: 4, ...options },
    {
      '/fill': (ctx) => {
        ctx.session.text = randomBytes(Number(ctx.query.bytes) / 2).toString('hex')
      },
      '/fill-and-throw': (ctx) => {
        ctx.session.text = 'x'.repeat(Number(ctx.query.bytes))
        throw new Error('the handler failed')
      },
      '/fill-and-empty': async (ctx) => {
        ctx.session.text = 'x'.repeat(Number(ctx.query.bytes))
        await ctx.session.save()
        delete ctx.session.text
      },
      '/size': (ctx) => String((ctx.session.text as string | undefined)?.length ?? 0),
    },
  )
  return app
}

function namesOf(lines: string[]): string[] {
  return lines.map((line) => line.slice(0, line.indexOf('=')))
}

function cleared(lines: string[]): string[] {
  return namesOf(lines.filter((line) => /^[^=]+=;/.test(line) && line.includes('expires=Thu, 01 Jan 1970')))
}

it.each([
  [100, 1],
  [5_000, 2],
  [8_000, 3],
  [9_050, 4],
])('R37: a session of %i bytes is spread over %i cookies and read back', async (bytes, count) => {
  const visitor = open().visitor()
  const { setCookie } = await visitor.get(`/fill?bytes=${bytes}`)
  expect(namesOf(setCookie)).toEqual(NAMES.slice(0, count))
  expect(Math.max(...setCookie.map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(4096)
  expect((await visitor.get('/size')).body).toBe(String(bytes))
})

it('R37: a sealed session of every size around the limits comes back to the byte', async () => {
  const app = open()
  for (let bytes = 2900; bytes < 3060; bytes += 2) {
    const visitor = app.visitor()
    const { setCookie } = await visitor.get(`/fill?bytes=${bytes}`)
    expect(Math.max(...setCookie.map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(4096)
    expect((await visitor.get('/size')).body).toBe(String(bytes))
  }
})

it.each(['http', 'https'])('R37: no cookie of a sealed session is over 4,096 bytes over %s', async (protocol) => {
  const { app, visitor } = open()
  app.proxy = true
  const { setCookie, status } = await visitor().get('/fill?bytes=8000', { 'x-forwarded-proto': protocol })
  expect(status).toBe(200)
  expect(Math.max(...setCookie.map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(4096)
})

it('R37: every chunk has the attributes of the cookie', async () => {
  const { setCookie } = await open({ sameSite: 'lax', path: '/cart' }).visitor().get('/fill?bytes=8000')
  const attributes = setCookie.map((line) => line.slice(line.indexOf(';')))
  expect(new Set(attributes).size).toBe(1)
  expect(attributes[0]).toMatch(/path=\/cart; expires=.+; samesite=lax; httponly$/)
})

it('R37: a session that shrinks expires the chunks that it does not need', async () => {
  const visitor = open().visitor()
  await visitor.get('/fill?bytes=9050')
  const { setCookie } = await visitor.get('/fill?bytes=5000')
  expect(cleared(setCookie)).toEqual(['koa.sess.2', 'koa.sess.3'])
  expect([...visitor.jar.values.keys()]).toEqual(['koa.sess', 'koa.sess.1'])
  expect(cleared((await visitor.get('/fill?bytes=100')).setCookie)).toEqual(['koa.sess.1'])
  expect((await visitor.get('/size')).body).toBe('100')
})

it('R37: chunks that were set earlier in the same response are expired too', async () => {
  const visitor = open().visitor()
  const { setCookie } = await visitor.get('/fill-and-empty?bytes=8000')
  expect(new Set(namesOf(setCookie)).size).toBe(setCookie.length)
  expect([...visitor.jar.values.keys()]).toEqual(['koa.sess'])
})

it('R37: a logout expires all chunks, with their attributes', async () => {
  const visitor = open({ domain: 'shop.example.org', path: '/' }).visitor()
  await visitor.get('/fill?bytes=9050')
  const { setCookie } = await visitor.get('/logout')
  expect(cleared(setCookie)).toEqual(NAMES)
  expect(setCookie.every((line) => line.includes('domain=shop.example.org'))).toBe(true)
  expect(visitor.jar.values.size).toBe(0)
})

it('R37: a logout of a session in one cookie expires that one', async () => {
  const visitor = open().visitor()
  await visitor.get('/fill?bytes=100')
  expect(cleared((await visitor.get('/logout')).setCookie)).toEqual(['koa.sess'])
})

it.each(NAMES.slice(0, 3))('R37: a session without %s is not opened, and causes no error', async (name) => {
  const visitor = open().visitor()
  await visitor.get('/fill?bytes=8000')
  visitor.jar.values.delete(name)
  expect(await visitor.get('/size')).toMatchObject({ status: 200, body: '0' })
})

it.each(NAMES.slice(0, 3))(
  "R37: a session with another visitor's %s is not opened, and causes no error",
  async (name) => {
    const { visitor } = open()
    const [ann, bea] = [visitor(), visitor()]
    await ann.get('/fill?bytes=8000')
    await bea.get('/fill?bytes=8000')
    ann.jar.values.set(name, bea.jar.values.get(name) ?? '')
    expect(await ann.get('/size')).toMatchObject({ status: 200, body: '0' })
  },
)

it.each(['c0.', 'c1.', 'c2.', 'c4.', 'c5.', 'c10.', 'c99.', 'c-1.', 'c.', '', 'cc3.', 'c03.x'])(
  'R37: a first chunk that says %j of itself opens nothing, and is no error',
  async (count) => {
    const visitor = open().visitor()
    await visitor.get('/fill?bytes=8000')
    const [first] = [...visitor.jar.values.values()]
    expect(first.slice(0, 3)).toBe('c3.')
    visitor.jar.values.set('koa.sess', count + first.slice(3))
    expect(await visitor.get('/size')).toMatchObject({ status: 200, body: '0' })
  },
)

it('R37: a session that is too large for all chunks is an error that tells the sizes, and nothing is sent', async () => {
  const { app, visitor } = open({ chunks: 3 })
  let error: unknown
  app.on('error', (failure) => (error = failure))
  const ann = visitor()
  await ann.get('/fill?bytes=100')
  expect(await ann.get('/fill?bytes=20000')).toMatchObject({ status: 500, setCookie: [] })
  expect(error).toBeInstanceOf(SessionError)
  expect(error).toMatchObject({ code: 'ERR_SESSION_COOKIE_TOO_LARGE' })
  expect((error as Error).message).toMatch(/takes 2\d{4} characters.+3 cookies hold 1[12]\d{3}.+chunks.+store/s)
  expect((await ann.get('/size')).body).toBe('100')
})

it('R37: all chunks are on the response where the handler throws', async () => {
  const visitor = open().visitor()
  const { status, setCookie } = await visitor.get('/fill-and-throw?bytes=6000')
  expect(status).toBe(500)
  expect(namesOf(setCookie)).toEqual(NAMES.slice(0, 3))
  expect((await visitor.get('/size')).body).toBe('6000')
})

it("R37: a cookie of the application's own that looks like a chunk is left alone", async () => {
  const visitor = open().visitor()
  visitor.jar.values.set('koa.sess.9', 'mine')
  visitor.jar.values.set('koa.sess.x', 'mine')
  await visitor.get('/fill?bytes=100')
  await visitor.get('/logout')
  expect([...visitor.jar.values.keys()]).toEqual(['koa.sess.9', 'koa.sess.x'])
})

it.each(NAMES.slice(1, 3))('R35: a planted %s does not hide the session', async (name) => {
  const { app, visitor } = open()
  const ann = visitor()
  await ann.get('/fill?bytes=8000')
  const own = [...ann.jar.values].map(([key, value]) => `${key}=${value}`)
  for (const header of [
    [`${name}=planted`, ...own],
    [...own, `${name}=planted`],
    [...own, ...own],
  ]) {
    const { body } = await new Visitor(app).get('/size', { cookie: header.join('; ') })
    expect(body).toBe('8000')
  }
})

it('R35: a thousand planted chunks cause no thousand readings', async () => {
  const { app, visitor } = open()
  const ann = visitor()
  await ann.get('/fill?bytes=9050')
  const own = [...ann.jar.values].map(([key, value]) => `${key}=${value}`)
  const planted = Array.from({ length: 1000 }, (_, index) => `koa.sess.${(index % 3) + 1}=planted${index}`)
  let missed = 0
  app.on('session:missed', () => missed++)
  await new Visitor(app).get('/size', { cookie: [...planted, ...own].join('; ') })
  await new Promise(setImmediate)
  expect(missed).toBeLessThanOrEqual(6)
})
