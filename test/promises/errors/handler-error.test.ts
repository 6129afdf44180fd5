import type Koa from 'koa'
import type { Context } from 'koa'
import session from 'koa-session-service'
import { createApp, KOA_VERSIONS } from '../../support/app/app'
import { observe } from '../../support/app/site'
import { Browser, closeServers, listen, namesOf, type HttpAnswer } from './server'

afterEach(closeServers)

interface Thrown {
  name: string
  /** Throws, or makes what is thrown. */
  make: (ctx: Context) => unknown
}

const THROWN: Thrown[] = [
  { name: 'an Error', make: () => new Error('broken') },
  { name: 'an error with a status', make: () => Object.assign(new Error('teapot'), { status: 418, expose: true }) },
  { name: 'an error with a code', make: () => Object.assign(new Error('no file'), { code: 'ENOENT' }) },
  { name: 'an http-error', make: (ctx) => ctx.throw(403, 'not yours') },
  {
    name: 'an http-error with headers',
    make: (ctx) => ctx.throw(429, 'slowly', { headers: { 'Retry-After': '7', 'X-Reason': 'limit' } }),
  },
  {
    name: 'an error with a Set-Cookie of its own',
    make: () => Object.assign(new Error('broken'), { headers: { 'Set-Cookie': 'theirs=1; path=/' } }),
  },
  { name: 'an error with an unknown status', make: () => Object.assign(new Error('odd'), { status: 799 }) },
  { name: 'a text', make: () => 'a text' },
  { name: 'a number', make: () => 42 },
  { name: 'a plain object', make: () => ({ status: 404, message: 'not an error' }) },
]

interface Failure {
  answer: HttpAnswer
  /** What was thrown, what the app's `error` event got, and the keys that these had. */
  thrown: unknown
  errors: unknown[]
  keysThen: PropertyKey[]
  keysNow: PropertyKey[]
}

/** Serves one request whose handler throws, with a session that it has changed or without any. */
async function fail(KoaClass: typeof Koa, make: Thrown['make'], { hasSession = true } = {}): Promise<Failure> {
  const app = createApp(KoaClass)
  const { errors } = observe(app)
  const failure: Partial<Failure> = { errors }
  app.on('error', (error) => (failure.keysNow = keysOf(error)))
  if (hasSession) app.use(session(app))
  app.use((ctx) => {
    ctx.set('X-Handler', 'was here')
    ctx.cookies.set('others', '1')
    if (hasSession) ctx.session.views = 1
    failure.thrown = capture(() => make(ctx))
    failure.keysThen = keysOf(failure.thrown)
    throw failure.thrown
  })
  const answer = await new Browser(await listen(app.callback())).get()
  return { ...(failure as Failure), answer }
}

function capture(make: () => unknown): unknown {
  try {
    return make()
  } catch (error) {
    return error
  }
}

function keysOf(value: unknown): PropertyKey[] {
  return typeof value === 'object' && value !== null ? Reflect.ownKeys(value) : []
}

/** The answer without the session's cookies and the time. */
function withoutSession({ status, body, headers, setCookie }: HttpAnswer): object {
  const { date: _date, 'set-cookie': _lines, ...others } = headers
  return { status, body, headers: others, setCookie: setCookie.filter((line) => !line.startsWith('koa.sess')) }
}

describe.each(Object.entries(KOA_VERSIONS))('a handler that throws, under %s', (_version, KoaClass) => {
  it.each(THROWN)(
    'R14: the client gets what it gets without sessions where a handler throws $name, and its cookies',
    async ({ make }) => {
      const bare = await fail(KoaClass, make, { hasSession: false })
      const { answer } = await fail(KoaClass, make)
      expect(withoutSession(answer)).toEqual(withoutSession(bare.answer))
      expect(namesOf(answer.setCookie)).toEqual(expect.arrayContaining(['koa.sess', 'koa.sess.sig']))
    },
  )

  it.each(THROWN)('R14: the "error" event gets $name of a handler once, and unchanged', async ({ make }) => {
    const bare = await fail(KoaClass, make, { hasSession: false })
    const { thrown, errors, keysThen, keysNow } = await fail(KoaClass, make)
    expect(errors).toHaveLength(1)
    expect(String(errors[0])).toBe(String(bare.errors[0]))
    if (!(thrown instanceof Error)) return
    expect(errors[0]).toBe(thrown)
    expect(keysNow).toEqual(keysThen)
  })

  it('R14: a thrown null, undefined or frozen error gets from Koa what it gets without sessions', async () => {
    for (const thrown of [null, undefined, Object.freeze(new Error('frozen'))]) {
      const outcome = await outcomeOf(KoaClass, thrown, { hasSession: false })
      expect(await outcomeOf(KoaClass, thrown, { hasSession: true })).toEqual(outcome)
    }
  })

  it('R14: a middleware upstream gets exactly what was thrown, and its answer has the cookies once', async () => {
    const frozen = [Object.freeze(new Error('frozen')), Object.freeze({})]
    for (const thrown of [null, undefined, 'text', 42, ...frozen, new Error('broken')]) {
      const app = createApp(KoaClass)
      const seen: unknown[] = []
      let caught: unknown = 'nothing'
      app.use(async (ctx, next) => {
        try {
          await next()
        } catch (error) {
          caught = error
          ctx.status = 400
          ctx.body = 'sorry'
        }
      })
      app.use(session(app))
      app.use((ctx) => {
        seen.push(ctx.session.views)
        ctx.cookies.set('others', '1')
        ctx.session.views = 1
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- people throw such things
        throw thrown
      })
      const browser = new Browser(await listen(app.callback()))
      const answer = await browser.get()
      expect(caught).toBe(thrown)
      expect(answer).toMatchObject({ status: 400, body: 'sorry' })
      expect(namesOf(answer.setCookie)).toEqual(['koa.sess', 'koa.sess.sig', 'others'])
      await browser.get()
      expect(seen).toEqual([undefined, 1])
    }
  })
})

/** How serving ends where Koa itself may not answer, and what the app was told. */
async function outcomeOf(
  KoaClass: typeof Koa,
  thrown: unknown,
  { hasSession }: { hasSession: boolean },
): Promise<object> {
  const app = createApp(KoaClass)
  const { errors } = observe(app)
  if (hasSession) app.use(session(app))
  app.use((ctx) => {
    if (hasSession) ctx.session.views = 1
    throw thrown
  })
  const handle = app.callback()
  let outcome = {}
  const server = await listen(async (req, res) => {
    const end = await handle(req, res).catch(String)
    outcome = { end, isAnswered: res.writableEnded, errors: errors.map(String) }
    res.destroy()
  })
  await expect(new Browser(server).get()).rejects.toThrow('socket hang up')
  return outcome
}
