import { SessionService } from 'koa-session-service'
import { backendsWith, PlainStore } from '../../support/backends/backends'
import { Visitor } from '../../support/app/app'
import { inTime } from '../../support/races/in-time'
import { createSite } from '../../support/app/site'
import { openOnceApp, soon, tally } from './once-app'
import { Provider } from './provider'

interface Data {
  token?: number
  made?: number
  own?: string
}

describe.each(backendsWith({ isConditional: false }))(
  'work that is done once in a process, in a $name',
  ({ options, hasIds }) => {
    async function open(once = {}) {
      const provider = new Provider()
      const refresh = async (data: Data): Promise<void> => {
        data.token = await provider.refresh(data.token ?? 0)
      }
      // Whose cookie is signed alone, and who is nobody, shares nothing.
      const { app, visitor, errors } = createSite(
        { ...options(), owner: () => 'ann' },
        {
          '/begin': (ctx) => (ctx.session.token = 0),
          '/token': async (ctx) => {
            ctx.session.own = ctx.query.own
            try {
              const session = await SessionService.of(ctx).once('upstream', refresh as never, once, ctx)
              ctx.body = { result: (session as Data | null)?.token }
            } catch (error) {
              ctx.body = { code: (error as { code?: string }).code ?? (error as Error).message }
            }
          },
          '/destroy': (ctx) => SessionService.of(ctx).destroy(ctx),
        },
      )
      await visitor.get('/begin')
      const browsers = Array.from({ length: 12 }, () => new Visitor(app, visitor.jar.copy()))
      const sendAll = () => Promise.all(browsers.map((browser, index) => browser.get(`/token?own=${index}`)))
      return { provider, visitor, browsers, sendAll, errors, app }
    }

    it('R121: one of twelve parallel requests in a process does the work of once(), and all have what it made', async () => {
      const { provider, browsers, sendAll, errors } = await open()
      expect(tally(await sendAll())).toEqual({ 1: 12 })
      expect(provider).toMatchObject({ calls: 1, invalid: 0 })
      expect(errors).toEqual([])
      for (const browser of browsers) {
        expect((await browser.get('/')).json<{ session: Data }>().session.token).toBe(1)
      }
    })

    it('R121: each request that shares the work keeps what it has set itself, where each has a copy of its own', async () => {
      const { browsers, sendAll } = await open()
      await sendAll()
      const sessions = await Promise.all(browsers.map((browser) => browser.get('/')))
      const own = new Set(sessions.map((answer) => answer.json<{ session: Data }>().session.own))
      expect(own.size).toBe(hasIds ? 1 : 12)
    })

    it('R121: a request that comes with the earlier session does not cause the work to be done again', async () => {
      const { provider, browsers } = await open()
      const late = browsers.slice(6)
      const first = browsers.slice(0, 6).map((browser) => browser.get('/token'))
      await Promise.all(first)
      if (!hasIds) expect(tally(await Promise.all(late.map((browser) => browser.get('/token'))))).toEqual({ 1: 6 })
      expect(provider).toMatchObject({ calls: 1, invalid: 0 })
      expect(tally([await browsers[0].get('/token')])).toEqual({ 2: 1 })
    })

    it('R121: a failure of the work is a 503 of their own for the others in the process, and the next one tries', async () => {
      const { provider, browsers, sendAll } = await open()
      provider.answer = () => soon().then(() => Promise.reject(new Error('down')))
      expect(tally(await sendAll())).toEqual({ down: 1, ERR_SESSION_ONCE_FAILED: 11 })
      provider.answer = soon
      expect(tally([await browsers[0].get('/token')])).toEqual({ 1: 1 })
      expect(provider.calls).toBe(2)
    })

    it('R121: a request that never ends its work is followed after the lease', async () => {
      const { provider, browsers } = await open({ lease: 100 })
      provider.answer = () => ((provider.answer = soon), new Promise<void>(() => undefined))
      void browsers[0].get('/token')
      while (provider.calls === 0) await soon()
      const answers = browsers.slice(1, 5).map((browser) => browser.get('/token'))
      expect(tally(await inTime(Promise.all(answers)))).toEqual({ 1: 4 })
      expect(provider.calls).toBe(2)
    })

    it('R121: what is made after the lease is dropped where another request has followed, and an event tells so', async () => {
      const answers: (() => void)[] = []
      const { app, visitor, sessions } = createSite(
        { ...options(), owner: () => 'ann' },
        {
          '/begin': (ctx) => (ctx.session.begun = true),
          '/token': async (ctx) => {
            const work = async (data: Data): Promise<void> => {
              const mine = answers.length + 1
              await new Promise<void>((resolve) => answers.push(resolve))
              data.token = mine
            }
            const { token } = (await SessionService.of(ctx).once('late', work as never, { lease: 50 }, ctx)) as Data
            ctx.body = { result: token }
          },
        },
      )
      const errors: unknown[] = []
      sessions.on('error', ({ error }) => errors.push(error))
      await visitor.get('/begin')
      const [one, other] = [0, 1].map(() => new Visitor(app, visitor.jar.copy()))
      const late = one.get('/token')
      while (answers.length < 1) await soon()
      const next = other.get('/token')
      while (answers.length < 2) await soon()
      answers[1]()
      expect(tally([await inTime(next)])).toEqual({ 2: 1 })
      answers[0]()
      expect(tally([await inTime(late)])).toEqual({ 2: 1 })
      for (const browser of [one, other]) {
        expect((await browser.get('/')).json<{ session: Data }>().session.token).toBe(2)
      }
      while (errors.length === 0) await soon()
      expect(errors).toEqual([expect.objectContaining({ code: 'ERR_SESSION_ONCE_PENDING' })])
    })

    it('R121: a request whose own work never ends waits for it no longer than its lease and "wait" in a process', async () => {
      const { provider, browsers } = await open({ lease: 50, wait: 50 })
      provider.answer = () => new Promise<void>(() => undefined)
      expect(tally([await inTime(browsers[0].get('/token'))])).toEqual({ ERR_SESSION_ONCE_PENDING: 1 })
    })

    it('R121: nobody waits for ever for work in a process', async () => {
      const { provider, browsers } = await open({ lease: 60_000, wait: 50 })
      provider.answer = () => new Promise<void>(() => undefined)
      void browsers[0].get('/token')
      while (provider.calls === 0) await soon()
      expect(tally([await inTime(browsers[1].get('/token'))])).toEqual({ ERR_SESSION_ONCE_PENDING: 1 })
    })

    it('R121: two visitors never share work in a process', async () => {
      const { provider, app, browsers } = await open()
      const other = new Visitor(app)
      // Cookies of one account may be the same where they were made in one millisecond.
      await soon()
      await other.get('/begin')
      provider.answer = () => soon(20)
      const answers = await Promise.all([browsers[0].get('/token'), other.get('/token', { 'user-agent': 'another' })])
      expect(tally(answers)).toEqual({ 1: 1, invalid_grant: 1 })
      expect(provider.calls).toBe(2)
    })
  },
)

it('R121: a request whose session rests in a cookie, and that asks twice, does the work twice', async () => {
  let count = 0
  const { visitor } = createSite(
    {},
    {
      '/begin': (ctx) => (ctx.session.begun = true),
      '/twice': async (ctx) => {
        const work = (data: object) => Object.assign(data, { made: ++count })
        await SessionService.of(ctx).once('twice', work, ctx)
        await SessionService.of(ctx).once('twice', work, ctx)
      },
    },
  )
  await visitor.get('/begin')
  await visitor.get('/twice')
  expect(count).toBe(2)
  expect((await visitor.get('/')).json()).toEqual({ session: { begun: true, made: 2 } })
})

it('R121: two requests that begin their sessions do not share work of sessions that are nowhere yet', async () => {
  let count = 0
  const { app } = createSite(
    {},
    {
      '/made': async (ctx) => {
        const work = (data: object) => soon().then(() => Object.assign(data, { made: ++count }))
        await SessionService.of(ctx).once('made', work, ctx)
        await SessionService.of(ctx).once('made', work, ctx)
      },
    },
  )
  await Promise.all([new Visitor(app).get('/made'), new Visitor(app).get('/made')])
  expect(count).toBe(4)
})

it('R121: a request that read before does not cause the work again in its process, on a store without conditional writes', async () => {
  const { provider, racing, visitor, send } = await openOnceApp({ store: new PlainStore() })
  const slow = await racing.start(racing.another(visitor), '/token')
  expect(tally([await send()])).toEqual({ 1: 1 })
  expect(tally([await slow.finish()])).toEqual({ 1: 1 })
  expect(provider.calls).toBe(1)
})

it('R121: a process waits for the work of another one where it sees that somebody is at it, on a store without conditions', async () => {
  const { provider, sendAll, send } = await openOnceApp({ store: new PlainStore(), processes: 2 })
  provider.answer = () => soon(60)
  const first = send()
  while (provider.calls === 0) await soon()
  const [mine, others] = await Promise.all([first, sendAll(4)])
  expect(tally([mine, ...others])).toEqual({ 1: 5 })
  expect(provider.calls).toBe(1)
})
