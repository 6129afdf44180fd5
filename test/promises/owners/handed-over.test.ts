import type { Context } from 'koa'
import { SessionService } from 'koa-session-service'
import { createSite } from '../../support/app/site'
import { Visitor } from '../../support/app/app'
import { describeOnEachStore } from '../../support/backends/conditional-backends'

type Data = Record<string, unknown>

const sessionsOf = (ctx: Context): SessionService<object> => SessionService.of(ctx)

/** How a session comes from Al to Zoe, or to nobody, while a page of Al's writes. */
const WAYS: Record<string, { go: (ctx: Context) => unknown; becomes: Data }> = {
  'another ctx.session': { go: (ctx) => (ctx.session = { user: 'zoe' }), becomes: { user: 'zoe' } },
  'another ctx.session, and save()': {
    go: async (ctx) => {
      ctx.session = { user: 'zoe' }
      await sessionsOf(ctx).save(ctx)
    },
    becomes: { user: 'zoe' },
  },
  'another ctx.session, and regenerate()': {
    go: async (ctx) => {
      ctx.session = { user: 'zoe' }
      await sessionsOf(ctx).regenerate(ctx)
    },
    becomes: { user: 'zoe' },
  },
  'an empty ctx.session': { go: (ctx) => (ctx.session = {}), becomes: {} },
}

const IN_PLACE = (ctx: Context): unknown => (ctx.session.user = 'zoe')

describeOnEachStore('a session that comes to another account', (getStore) => {
  async function open() {
    let letGo = (): void => undefined
    const held = new Promise<void>((resolve) => (letGo = resolve))
    let arrived = (): void => undefined
    const isHeld = new Promise<void>((resolve) => (arrived = resolve))
    const { app, visitor, errors } = createSite(
      { store: getStore(), owner: ({ user }) => user as string | undefined },
      {
        '/visit': (ctx) => (ctx.session.cart = 1),
        '/al': (ctx) => Object.assign(ctx.session, { user: 'al', cart: 1 }),
        '/write': (ctx) => (ctx.session.secret = 'of al'),
        '/go': async (ctx) => {
          await sessionsOf(ctx).load(ctx)
          arrived()
          await held
          await (WAYS[String(ctx.query.way)]?.go ?? IN_PLACE)(ctx)
        },
      },
    )
    const go = (way: string) => visitor.get(`/go?way=${encodeURIComponent(way)}`)
    const beside = (): Visitor => new Visitor(app, visitor.jar.copy())
    return { visitor, beside, go, isHeld, letGo, errors }
  }

  it.each(Object.entries(WAYS))(
    'R55: what the account before has written meanwhile is not in the session after %s',
    async (way, { becomes }) => {
      const { visitor, beside, go, isHeld, letGo, errors } = await open()
      await visitor.get('/al')
      const going = go(way)
      await isHeld
      await beside().get('/write')
      letGo()
      await going
      expect((await visitor.get('/')).json()).toEqual({ session: becomes })
      expect(errors).toEqual([])
    },
  )

  it('R55: a change of ctx.session takes what the account before has written meanwhile, as if it had come later', async () => {
    const { visitor, beside, go, isHeld, letGo } = await open()
    await visitor.get('/al')
    const going = go('in place')
    await isHeld
    await beside().get('/write')
    letGo()
    await going
    expect((await visitor.get('/')).json()).toEqual({ session: { user: 'zoe', cart: 1, secret: 'of al' } })
  })

  it('R55: what a visitor has written meanwhile is in the session that they sign in with', async () => {
    const { visitor, beside, go, isHeld, letGo } = await open()
    await visitor.get('/visit')
    const going = go('in place')
    await isHeld
    await beside().get('/write')
    letGo()
    await going
    expect((await visitor.get('/')).json()).toEqual({ session: { user: 'zoe', cart: 1, secret: 'of al' } })
  })
})
