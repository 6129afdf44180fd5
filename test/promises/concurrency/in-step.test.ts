import type { SessionOptions } from 'koa-session-service'
import { startClock, stopClock } from '../../support/clock'
import { backendsWith } from '../../support/backends/backends'
import { createSessionApp } from '../../support/app/session-app'

const CONDITIONAL = backendsWith({ isConditional: true })
const HOUR = 60 * 60 * 1000
const owner: SessionOptions['owner'] = ({ user }) => user as string | undefined

afterEach(startClock)

describe.each(CONDITIONAL)('in step: $name', ({ options }) => {
  it.each([
    ['a change of owner', '/sign-in'],
    ['regenerate({ keepData: false })', '/start-over'],
  ])('R56: the age that begins anew with %s begins anew through a conflict too', async (_what, path) => {
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
