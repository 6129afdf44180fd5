import { SessionError, type SessionOptions } from 'koa-session-service'
import { startClock, stopClock } from '../../support/clock'
import { backendsWith } from '../../support/backends/backends'
import { createSessionApp, type SessionApp } from '../../support/app/session-app'
import type { Intercept } from '../../support/spies/intercept'
import { RENEWALS, spyOn, WRITES } from '../../support/spies/spy-on'

const OUTAGE = new Error('connect ECONNREFUSED')

const OUTAGES: [string, Intercept][] = [
  [
    'throws',
    () => {
      throw OUTAGE
    },
  ],
  ['rejects', () => Promise.reject(OUTAGE)],
]

afterEach(startClock)

function failuresOf({ app }: SessionApp): unknown[] {
  const failures: unknown[] = []
  app.on('error', (error) => failures.push(error))
  return failures
}

describe.each(OUTAGES)('a store that %s', (_how, trouble) => {
  describe.each(backendsWith({ hasIds: true }))('$name', ({ options }) => {
    const serve = (settings = {}) => {
      const store = spyOn({ ...options(), ...settings })
      let handled = 0
      const served = createSessionApp(store.options, {
        '/count': () => void handled++,
        '/load': (ctx, sessions) => sessions.load(ctx),
        '/sign-in': async (ctx, sessions) => {
          const session = await sessions.load(ctx)
          Object.assign(session as object, { user: 'ann' })
        },
      })
      return { store, served, failures: failuresOf(served), handled: () => handled }
    }

    it('R43: a store that fails while it is read answers 503, with error and cause, and the handler does not run', async () => {
      const { store, served, failures, handled } = serve()
      const ann = served.visitor()
      await ann.get('/set?user=ann')
      store.fail(trouble)
      const answer = await ann.get('/count')
      expect(answer).toMatchObject({ status: 503, body: 'Service Unavailable', setCookie: [] })
      expect(handled()).toBe(0)
      expect(failures).toEqual([expect.any(SessionError)])
      expect(failures[0]).toMatchObject({ code: 'ERR_SESSION_STORE', status: 503, expose: false, cause: OUTAGE })
    })

    it('R43: a store that is down does not matter to a visitor who has no session and reads', async () => {
      const { store, served } = serve()
      store.fail(trouble)
      expect((await served.visitor().get('/')).status).toBe(200)
      expect(store.names).toEqual([])
    })

    it.each([
      ['/set?user=bea', WRITES],
      ['/logout', /^destroy$/],
      ['/replace?user=bea', /^destroy$/],
      ['/max-age?value=1000', WRITES],
    ])('R43: a store that fails while %s needs %s answers 503 and sets no cookie', async (path, methods) => {
      const { store, served, failures } = serve()
      const ann = served.visitor()
      await ann.get('/set?user=ann')
      store.fail(trouble, methods)
      expect(await ann.get(path)).toMatchObject({ status: 503, setCookie: [] })
      expect(failures).toMatchObject([{ code: 'ERR_SESSION_STORE', cause: OUTAGE }])
    })

    it('R43: a store that fails while a session is renewed answers 503', async () => {
      const { store, served } = serve({ rolling: true })
      const ann = served.visitor()
      await ann.get('/set?user=ann')
      store.fail(trouble, RENEWALS)
      expect(await ann.get('/plain')).toMatchObject({ status: 503, setCookie: [] })
    })

    it('R43: a store that fails while a session begins answers 503, and the visitor holds nothing', async () => {
      const { store, served } = serve()
      store.fail(trouble)
      const ann = served.visitor()
      expect(await ann.get('/set?user=ann')).toMatchObject({ status: 503, setCookie: [] })
    })

    it('R43: the session is back when its store is', async () => {
      const { store, served } = serve()
      const ann = served.visitor()
      await ann.get('/set?user=ann')
      store.fail(trouble)
      for (const path of ['/', '/set?user=bea', '/logout', '/regenerate', '/replace?user=cleo']) {
        expect((await ann.get(path)).status).toBe(503)
      }
      store.recover()
      expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
    })

    it('R43: a store that fails while a regenerated session is written leaves the one that there was', async () => {
      const { store, served } = serve()
      const ann = served.visitor()
      await ann.get('/set?user=ann')
      const before = ann.jar.copy()
      store.fail(trouble, WRITES)
      expect((await ann.get('/regenerate')).status).toBe(503)
      store.recover()
      expect((await served.visitor(before).get('/')).json()).toEqual({ user: 'ann' })
    })

    it('R43: a store that is down matters with lazy to requests that need their session alone, which get 503', async () => {
      const { store, served, failures } = serve({ lazy: true })
      const ann = served.visitor()
      await ann.get('/sign-in')
      store.names.length = 0
      store.fail(trouble)
      expect((await ann.get('/plain')).status).toBe(200)
      expect(store.names).toEqual([])
      expect(failures).toEqual([])
      expect((await ann.get('/load')).status).toBe(503)
      expect(failures).toMatchObject([{ code: 'ERR_SESSION_STORE', cause: OUTAGE }])
    })

    it.each<SessionOptions>([{ rolling: true }, { idleTimeout: 60_000 }])(
      'R43, R59: a request that does not need its session, with lazy and %j, renews nothing, and meets no failure',
      async (options) => {
        const { store, served, failures } = serve({ lazy: true, ...options })
        const errors: unknown[] = []
        served.sessions.on('error', ({ error }) => errors.push(error))
        const ann = served.visitor()
        await ann.get('/sign-in')
        for (const methods of [undefined, RENEWALS]) {
          store.fail(trouble, methods)
          store.names.length = 0
          expect(await ann.get('/plain')).toMatchObject({ status: 200, setCookie: [] })
          expect(store.names).toEqual([])
          expect((await ann.get('/load')).status).toBe(503)
        }
        await new Promise(setImmediate)
        expect(errors).toEqual([])
        expect(failures).toMatchObject(Array(2).fill({ code: 'ERR_SESSION_STORE', cause: OUTAGE }))
        store.recover()
        expect((await ann.get('/load')).setCookie).not.toEqual([])
      },
    )

    it('R43: a store that fails while an expired record is destroyed answers 503', async () => {
      const clock = stopClock()
      const { store, served } = serve({ maxAge: 1000 })
      const ann = served.visitor()
      await ann.get('/set?user=ann')
      clock.advance(1001)
      store.fail(trouble, /^destroy$/)
      expect((await ann.get('/')).status).toBe(503)
      store.recover()
      expect((await ann.get('/')).json()).toEqual({})
    })
  })
})

describe('what a store throws', () => {
  it.each([undefined, null, 'down', 0, { code: 'EPIPE' }])(
    'R43: a store that throws %j gives a SessionError all the same',
    async (thrown) => {
      const store = spyOn(backendsWith({ hasIds: true })[0].options())
      const served = createSessionApp(store.options)
      const failures = failuresOf(served)
      const ann = served.visitor()
      await ann.get('/set?user=ann')
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- stores do
      store.fail(() => Promise.reject(thrown))
      expect((await ann.get('/')).status).toBe(503)
      expect(failures).toMatchObject([{ name: 'SessionError', code: 'ERR_SESSION_STORE' }])
      // What is no error may hold anything: it is not told.
      const cause = typeof thrown === 'object' && thrown !== null ? expect.any(Error) : thrown
      expect((failures[0] as Error).cause).toEqual(cause)
    },
  )
})
