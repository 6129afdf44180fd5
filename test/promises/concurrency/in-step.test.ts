import type { SessionOptions } from 'koa-session-service'
import { createApp, Visitor } from '../../support/app/app'
import { startClock, stopClock } from '../../support/clock'
import { EVERY_BACKEND, STORE_BACKENDS } from '../../support/backends/every-backend'
import { createSessionApp } from '../../support/app/session-app'
import { createSite, sessionOf } from '../../support/app/site'

const CONDITIONAL = EVERY_BACKEND.filter(({ isConditional }) => isConditional)
const HOUR = 60 * 60 * 1000
const owner: SessionOptions['owner'] = ({ user }) => user as string | undefined

afterEach(startClock)

describe.each(CONDITIONAL)('in step: $name', ({ options }) => {
  it.each([
    ['a change of owner', '/sign-in'],
    ['regenerate({ keepData: false })', '/start-over'],
  ])('R56: the age that begins anew with %s does so through a conflict', async (_what, path) => {
    const clock = stopClock()
    const meanwhile = () => visitor(ann.jar.copy()).get('/set?theirs=1')
    const { visitor } = createSessionApp(
      { ...options(), owner, maxAge: 24 * HOUR, absoluteTimeout: 2 * HOUR },
      {
        '/sign-in': async (ctx) => {
          ctx.session.user = 'ann'
          await meanwhile()
        },
        '/start-over': async (ctx, sessions) => {
          await sessions.load(ctx)
          await meanwhile()
          await sessions.regenerate({ keepData: false }, ctx)
          ctx.session.fresh = '1'
        },
      },
    )
    const ann = visitor()
    await ann.get('/set?cart=tea')
    clock.advance(1.5 * HOUR)
    await ann.get(path)
    const after = (await ann.get('/')).json()
    expect(after).toEqual(path === '/sign-in' ? { cart: 'tea', theirs: '1', user: 'ann' } : { fresh: '1' })
    clock.advance(1.5 * HOUR)
    expect((await ann.get('/')).json()).toEqual(after)
    clock.advance(0.6 * HOUR)
    expect((await ann.get('/')).json()).toEqual({})
  })

  it('R56: "remember me" is not undone by a rolling answer that is committed later', async () => {
    const clock = stopClock()
    const { visitor } = createSessionApp(
      { ...options(), rolling: true, maxAge: HOUR },
      {
        '/slow': async () => {
          const { setCookie } = await visitor(ann.jar).get(`/max-age?value=${30 * HOUR}`)
          return setCookie
        },
      },
    )
    const ann = visitor()
    await ann.get('/set?cart=tea')
    const slow = await ann.get('/slow')
    const expires = slow.setCookie.map((line) => /expires=([^;]+)/.exec(line)?.[1])
    const shortest = Math.min(...expires.map((text) => (text ? Date.parse(text) - Date.now() : Infinity)))
    expect(shortest).toBeGreaterThan(29 * HOUR)
    clock.advance(20 * HOUR)
    expect((await ann.get('/')).json()).toEqual({ cart: 'tea' })
  })
})

describe.each(EVERY_BACKEND)('in step: $name', ({ options }) => {
  it.each(['save', 'maxAge', 'toJSON', 'regenerate', 'length'])(
    'R56: delete of data named %s deletes it',
    async (key) => {
      const { visitor } = createSessionApp(options(), {
        '/both': (ctx) => ctx.session.toJSON(),
        '/assign': (ctx) => {
          ctx.session = { cart: 'tea', [key]: 'of the visitor' }
        },
      })
      const ann = visitor()
      await ann.get('/assign')
      expect((await ann.get('/both')).json()).toEqual({ cart: 'tea', [key]: 'of the visitor' })
      await ann.get(`/delete?key=${key}`)
      expect((await ann.get('/both')).json()).toEqual({ cart: 'tea' })
    },
  )
})

describe.each(STORE_BACKENDS)('before the middleware: $name', ({ options }) => {
  it.each(['null and data', 'null', 'data'])(
    'R56: %s, assigned there, leave cookie and record in step',
    async (what) => {
      const app = createApp()
      app.use(async (ctx, next) => {
        if (ctx.path === '/early') {
          if (what.startsWith('null')) ctx.session = null
          if (what.endsWith('data')) ctx.session = { early: true }
        }
        await next()
      })
      const { visitor } = createSite(
        options(),
        {
          '/set': (ctx) => Object.assign(ctx.session, { cart: 'tea' }),
          '/early': (ctx) => Object.assign(ctx.session, { late: true }),
        },
        app,
      )
      await visitor.get('/set')
      const before = visitor.jar.copy()
      expect((await visitor.get('/early')).status).toBe(200)
      const shown = await sessionOf(visitor)
      expect(shown).toMatchObject({ late: true })
      expect(await sessionOf(new Visitor(app, before))).toEqual(visitor.jar.header === before.header ? shown : {})
    },
  )
})
