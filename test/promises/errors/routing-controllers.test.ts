import 'reflect-metadata'
import type Koa from 'koa'
import session, { SessionError, type SessionOptions } from 'koa-session-service'
import { Session } from 'koa-session-service/routing-controllers'
import { BadRequestError, Body, Get, HttpError, JsonController, Post, useKoaServer } from 'routing-controllers'
import { createApp, KOA_VERSIONS } from '../../support/app/app'
import { BACKENDS } from '../../support/backends/backends'
import { observe, type Observed } from '../../support/app/site'
import { FailingStore } from './fixtures'
import { Browser, closeServers, listen, namesOf } from './server'

afterEach(closeServers)

const OURS = ['koa.sess', 'koa.sess.sig']

/** What the controller throws next; tests set it. */
let thrown: unknown

@JsonController()
class CountController {
  @Get('/')
  show(@Session() session: Session) {
    return session
  }

  @Get('/fail')
  fail(@Session() session: Session) {
    session.views = (session.views ?? 0) + 1
    throw thrown
  }

  @Post('/fail')
  async failLater(@Session() session: Session, @Body({ required: true }) _body: object) {
    session.views = (session.views ?? 0) + 1
    throw thrown
  }
}

/** The same without a session. */
@JsonController()
class BareController {
  @Get('/fail')
  fail() {
    throw thrown
  }
}

interface Fixture {
  browser: Browser
  observed: Observed
}

async function open(
  KoaClass: typeof Koa,
  options: SessionOptions | undefined,
  { defaultErrorHandler = true } = {},
): Promise<Fixture> {
  const app = createApp(KoaClass)
  const observed = observe(app)
  if (options) app.use(session(options, app))
  const controllers = [options ? CountController : BareController]
  useKoaServer(app, { controllers, middlewares: [Unused], defaultErrorHandler })
  return { browser: new Browser(await listen(app.callback())), observed }
}

/** An empty list would install every middleware class of the process. */
class Unused {}

const THROWN: [string, () => unknown][] = [
  ['an Error', () => new Error('broken')],
  ['an HttpError', () => new BadRequestError('wrong')],
  ['an HttpError with keys of its own', () => Object.assign(new HttpError(409, 'taken'), { by: 'somebody' })],
  ['a frozen error', () => Object.freeze(new BadRequestError('frozen'))],
  ['a text', () => 'a text'],
  ['a number', () => 42],
  ['null', () => null],
]

describe.each(Object.entries(KOA_VERSIONS))('a controller that throws, under %s', (_version, KoaClass) => {
  it.each(THROWN)(
    'R14: %s, thrown under the default error handler, is answered as without sessions, with the cookies',
    async (_, make) => {
      thrown = make()
      const bare = await open(KoaClass, undefined)
      const bareAnswer = await bare.browser.get('/fail')
      const { browser, observed } = await open(KoaClass, {})
      const answer = await browser.get('/fail')
      expect(withoutStack(answer)).toEqual(withoutStack(bareAnswer))
      expect(namesOf(answer.setCookie)).toEqual(OURS)
      expect(observed.errors.map(String)).toEqual(bare.observed.errors.map(String))
    },
  )

  it.each(THROWN.filter(([name]) => name !== 'null' && name !== 'a frozen error'))(
    'R14: %s, thrown without an error handler, is answered by Koa as without sessions, with the cookies',
    async (_, make) => {
      thrown = make()
      const bare = await open(KoaClass, undefined, { defaultErrorHandler: false })
      const bareAnswer = await bare.browser.get('/fail')
      const { browser, observed } = await open(KoaClass, {}, { defaultErrorHandler: false })
      const answer = await browser.get('/fail')
      expect({ status: answer.status, body: answer.body }).toEqual({ status: bareAnswer.status, body: bareAnswer.body })
      expect(namesOf(answer.setCookie)).toEqual(OURS)
      expect(observed.errors.map(String)).toEqual(bare.observed.errors.map(String))
      if (thrown instanceof Error) expect(observed.errors[0]).toBe(thrown)
    },
  )

  describe.each([true, false])('with defaultErrorHandler: %s', (defaultErrorHandler) => {
    it.each(BACKENDS)(
      'R14: the session of a controller that throws is there in the next request, with $name',
      async ({ options }) => {
        thrown = new Error('broken')
        const { browser } = await open(KoaClass, options(), { defaultErrorHandler })
        await browser.get('/fail')
        await browser.get('/fail', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":1}' })
        expect(JSON.parse((await browser.get('/')).body)).toEqual({ views: 2 })
      },
    )

    it('R14: a session is renewed on the error response to JSON that is malformed', async () => {
      thrown = new Error('broken')
      const { browser } = await open(KoaClass, { rolling: true }, { defaultErrorHandler })
      await browser.get('/fail')
      const headers = { 'content-type': 'application/json' }
      const answer = await browser.get('/fail', { method: 'POST', headers, body: '{"a":' })
      expect(answer.status).toBe(400)
      expect(namesOf(answer.setCookie)).toEqual(OURS)
    })

    it("R15: the request's error is that of a store which fails in the commit, where the controller's was answered", async () => {
      thrown = new BadRequestError('wrong')
      const store = new FailingStore()
      store.fail('set', () => Promise.reject(new Error('disk full')))
      const { browser, observed } = await open(KoaClass, { store }, { defaultErrorHandler })
      const answer = await browser.get('/fail')
      expect(answer.setCookie).toEqual([])
      const [first] = observed.errors
      expect(first).toBeInstanceOf(SessionError)
      expect(first).toMatchObject({ code: 'ERR_SESSION_STORE', cause: new Error('disk full') })
      // To a middleware, an error that routing-controllers has answered is none: then the commit's is the only one.
      expect(answer.status).toBe(defaultErrorHandler ? 503 : 500)
      expect(observed.errors).toHaveLength(defaultErrorHandler ? 1 : 2)
    })
  })

  it('R14: commitOnError does not see an error that routing-controllers has answered', async () => {
    thrown = new Error('broken')
    const calls: unknown[] = []
    const commitOnError = (error: unknown): boolean => calls.push(error) < 0
    const answered = await open(KoaClass, { commitOnError })
    expect(namesOf((await answered.browser.get('/fail')).setCookie)).toEqual(OURS)
    expect(calls).toEqual([])
    const passedOn = await open(KoaClass, { commitOnError }, { defaultErrorHandler: false })
    expect((await passedOn.browser.get('/fail')).setCookie).toEqual([])
    expect(calls).toEqual([thrown])
  })
})

function withoutStack({ status, body }: { status: number; body: string }): { status: number; body: string } {
  return { status, body: body.replace(/"stack":"[^"]*"/, '') }
}
