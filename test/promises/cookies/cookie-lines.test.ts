import type Cookies from 'cookies'
import fc from 'fast-check'
import Keygrip from 'keygrip'
import type Koa from 'koa'
import session, { type SessionOptions } from 'koa-session-service'
import { createApp, Visitor } from '../../support/app/app'
import { startClock, stopClock } from '../../support/clock'
import { cookieText } from '../../support/set-cookie'

beforeEach(() => void stopClock())
afterEach(startClock)

const ONE_DAY = 24 * 60 * 60 * 1000

interface Exchange {
  key: string
  attributes: SessionOptions
  maxAge: number | 'session'
  keys: Koa['keys']
  isSecure: boolean
  /** What the application has put into Set-Cookie before. */
  before: string | string[] | undefined
}

const key = fc.stringMatching(/^[\w!#$%&'*+.^`|~:-]{1,10}$/)

const keys = fc.constantFrom<Koa['keys']>(
  ['one'],
  ['new', 'old'],
  new Keygrip(['new', 'old']),
  new Keygrip(['one'], 'sha256', 'hex'),
)

const attributes = fc.record(
  {
    signed: fc.boolean(),
    overwrite: fc.boolean(),
    httpOnly: fc.boolean(),
    partitioned: fc.boolean(),
    secure: fc.constantFrom<boolean | 'auto'>(true, false, 'auto'),
    sameSite: fc.constantFrom<'strict' | 'lax' | 'none' | boolean>('strict', 'lax', 'none', true, false),
    domain: fc.domain(),
    path: fc.constantFrom('/', '/a', '/a/b c'),
    priority: fc.constantFrom<'low' | 'medium' | 'high'>('low', 'medium', 'high'),
    expires: fc.date({ min: new Date('2030-01-02'), max: new Date('2031-01-01'), noInvalidDate: true }),
  },
  { requiredKeys: [] },
)

function linesBefore(name: string) {
  const line = fc.constantFrom('other=1', `${name}=old; path=/`, `${name}.sig=old`, `${name}x=1`, `x${name}=1`)
  return fc.option(fc.oneof(line, fc.array(line, { maxLength: 4 })), { nil: undefined })
}

const exchange: fc.Arbitrary<Exchange> = key
  .chain((name) =>
    fc.record({
      key: fc.constant(name),
      attributes,
      maxAge: fc.oneof(fc.constant('session' as const), fc.integer({ min: 1, max: 400 * ONE_DAY })),
      keys,
      isSecure: fc.boolean(),
      before: linesBefore(name),
    }),
  )
  .filter(isAccepted)

/** The rest is refused: options that no browser takes, and what needs HTTPS without it. */
function isAccepted({ attributes: { secure, sameSite, partitioned }, isSecure }: Exchange): boolean {
  if (!secure && (sameSite === 'none' || partitioned)) return false
  return isSecure || (secure !== true && sameSite !== 'none')
}

async function linesOf({ keys, isSecure, before }: Exchange, cookie: string, handle: (app: Koa) => void) {
  const app = createApp()
  app.keys = keys
  app.proxy = true
  app.use((ctx, next) => {
    if (before !== undefined) ctx.res.setHeader('Set-Cookie', before)
    return next()
  })
  handle(app)
  const answer = await new Visitor(app).get('/', { 'x-forwarded-proto': isSecure ? 'https' : 'http', cookie })
  expect(answer.status).toBe(200)
  return answer.setCookie
}

function ours(given: Exchange, cookie: string, data: object | null): Promise<string[]> {
  return linesOf(given, cookie, (app) => {
    app.use(session({ ...given.attributes, key: given.key, maxAge: given.maxAge }, app))
    app.use((ctx) => {
      ctx.session = data
      ctx.body = ''
    })
  })
}

function theirs({ attributes, maxAge, key, ...rest }: Exchange, value: string): Promise<string[]> {
  return linesOf({ attributes, maxAge, key, ...rest }, '', (app) => {
    app.use((ctx) => {
      const set = { signed: true, overwrite: true, ...attributes }
      if (set.secure === 'auto') set.secure = ctx.secure
      if (value !== '' && maxAge !== 'session') Object.assign(set, { maxAge })
      ctx.cookies.set(key, value, set as Cookies.SetOption)
      ctx.body = ''
    })
  })
}

/** The value of the line that was set last. */
function lastValue(lines: string[], name: string): string {
  const line = lines.findLast((candidate) => candidate.startsWith(`${name}=`)) ?? ''
  return line.slice(name.length + 1).split(';')[0]
}

/** A cookie that is good, under the keys of the exchange. */
function cookieHeader({ key, keys }: Exchange): string {
  const value = cookieText({ user: 'alice', _expire: Date.now() + 1_000, _maxAge: 1_000 })
  const keygrip = Array.isArray(keys) ? new Keygrip(keys) : keys
  return `${key}=${value}; ${key}.sig=${keygrip.sign(`${key}=${value}`)}`
}

test('R1: the lines of a session that is set are those that the cookies package writes for its value', async () => {
  await fc.assert(
    fc.asyncProperty(exchange, async (given) => {
      const lines = await ours(given, '', { user: 'bob' })
      const value = lastValue(lines, given.key)
      expect(value).not.toBe('')
      expect(lines).toEqual(await theirs(given, value))
    }),
    { numRuns: 300, interruptAfterTimeLimit: 20_000 },
  )
})

test('R1: the lines of a session that is ended are those that the cookies package writes to clear it', async () => {
  await fc.assert(
    fc.asyncProperty(exchange, async (given) => {
      expect(await ours(given, cookieHeader(given), null)).toEqual(await theirs(given, ''))
    }),
    { numRuns: 200, interruptAfterTimeLimit: 20_000 },
  )
})

test.each<[string, SessionOptions, (path: string) => string]>([
  ['fixed attributes', {}, () => '/'],
  ['attributes by request', { secure: 'auto', path: (ctx) => ctx.path }, (path) => path],
])('R1: the cookie lines of each response are of its own second and connection: %s', async (_, options, pathOf) => {
  const clock = stopClock()
  const app = createApp()
  app.proxy = true
  app.use(session({ ...options, maxAge: 5_000 }, app))
  app.use((ctx) => {
    ctx.session = { user: 'alice' }
    ctx.body = ''
  })
  for (const [path, protocol, wait] of [
    ['/a', 'https', 0],
    ['/a', 'http', 0],
    ['/b', 'https', 400],
    ['/b', 'https', 700],
    ['/b', 'https', 0],
  ] as const) {
    clock.advance(wait)
    const { setCookie } = await new Visitor(app).get(path, { 'x-forwarded-proto': protocol })
    const expires = new Date(Date.now() + 5_000).toUTCString()
    const tail = `; path=${pathOf(path)}; expires=${expires}${protocol === 'https' ? '; secure' : ''}; httponly`
    expect(setCookie.map((line) => line.slice(line.indexOf(';')))).toEqual([tail, tail])
  }
})
