import { SessionError, type SessionOptions } from 'koa-session-service'
import { BACKENDS } from '../../support/backends/backends'
import { startClock, stopClock } from '../../support/clock'
import { createSite, sessionOf, type Handlers } from '../../support/app/site'

const LIMIT = 4_096
const HANDLERS: Handlers = {
  '/login': (ctx) => (ctx.session.user = 'alice'),
  '/fill': (ctx) => (ctx.session.text = 'x'.repeat(Number(ctx.query.length))),
}

beforeEach(() => stopClock())
afterEach(startClock)

const fill = (options: SessionOptions, length: number) =>
  createSite(options, HANDLERS).visitor.get(`/fill?length=${length}`)

/** The longest text that still fits into the cookie, found by asking. */
async function longest(options: SessionOptions): Promise<number> {
  let [fits, tooLong] = [0, LIMIT]
  while (tooLong - fits > 1) {
    const length = Math.floor((fits + tooLong) / 2)
    if ((await fill(options, length)).status === 200) fits = length
    else tooLong = length
  }
  return fits
}

test.each<[string, SessionOptions]>([
  ['the defaults', {}],
  ['attributes', { sameSite: 'strict', priority: 'medium', domain: 'a.long.name.of.a.host.example' }],
  ['a long path', { path: `/${'p'.repeat(1_000)}` }],
  ['a path of nearly all that there is', { path: `/${'p'.repeat(3_500)}` }],
  ['a session cookie', { maxAge: 'session' }],
])('D15: with %s, the longest cookie is the longest that browsers keep', async (_, options) => {
  const length = await longest(options)
  const { setCookie } = await fill(options, length)
  const size = Buffer.byteLength(setCookie[0] ?? '')
  expect(size).toBeLessThanOrEqual(LIMIT)
  // Base64 grows by four bytes at a time.
  expect(size).toBeGreaterThan(LIMIT - 8)
})

test('D15: a longer one is an error that says how long it would be, and what to do', async () => {
  const { visitor, errors } = createSite({}, HANDLERS)
  const answer = await visitor.get('/fill?length=5000')
  expect(answer.status).toBe(500)
  expect(answer.setCookie).toEqual([])
  expect(answer.body).toBe('Internal Server Error')
  expect(errors).toEqual([expect.any(SessionError)])
  const { code, message } = errors[0] as SessionError
  expect(code).toBe('ERR_SESSION_COOKIE_TOO_LARGE')
  expect(message).toMatch(
    /"koa\.sess" would be \d{4} bytes long.* 4096\. Keep less .* store: session\(\{ store \}, app\)/,
  )
})

test('D15: the session is as it was before, and goes on', async () => {
  const { visitor } = createSite({}, HANDLERS)
  await visitor.get('/login')
  await visitor.get('/fill?length=5000')
  expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  await visitor.get('/fill?length=2')
  expect(await sessionOf(visitor)).toEqual({ user: 'alice', text: 'xx' })
})

test('D15: what other handlers set is still in the response, where the application answers the error', async () => {
  const { visitor } = createSite(
    {},
    {
      '/save': async (ctx) => {
        ctx.cookies.set('theme', 'dark', { signed: false })
        ctx.session.text = 'x'.repeat(5_000)
        await ctx.session.save().catch(() => (ctx.session = { note: 'too much' }))
      },
    },
  )
  expect((await visitor.get('/save')).setCookie).toHaveLength(3)
  expect(await sessionOf(visitor)).toEqual({ note: 'too much' })
})

test.each(BACKENDS.filter(({ hasIds }) => hasIds))('D15: with $name there is no such limit', async ({ options }) => {
  const { visitor } = createSite(options(), HANDLERS)
  expect((await visitor.get('/fill?length=100000')).status).toBe(200)
  expect((await sessionOf(visitor)) as { text: string }).toEqual({ text: 'x'.repeat(100_000) })
})

test('D15: an error that the client sees says nothing of the session', async () => {
  const { visitor, errors } = createSite({}, HANDLERS)
  await visitor.get('/fill?length=5000')
  expect(JSON.parse(JSON.stringify(errors[0]))).toEqual({
    name: 'SessionError',
    code: 'ERR_SESSION_COOKIE_TOO_LARGE',
    status: 500,
  })
})
