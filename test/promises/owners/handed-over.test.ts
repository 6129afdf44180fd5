import type { Context } from 'koa'
import { SessionService } from 'koa-session-service'
import { createSite } from '../../support/app/site'
import { Visitor } from '../../support/app/app'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { createGate } from '../../support/races/gate'

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
  /** What is in the session at last, where a request writes between the reading and the commit of the one that changes its account. */
  async function raced(first: '/al' | '/visit', go: (ctx: Context) => unknown) {
    const gate = createGate()
    const { app, visitor, errors } = createSite(
      { store: getStore(), owner: ({ user }) => user as string | undefined },
      {
        '/visit': (ctx) => (ctx.session.cart = 1),
        '/al': (ctx) => Object.assign(ctx.session, { user: 'al', cart: 1 }),
        '/write': (ctx) => (ctx.session.secret = 'of al'),
        '/go': async (ctx) => {
          await sessionsOf(ctx).load(ctx)
          await gate.pass()
          await go(ctx)
        },
      },
    )
    await visitor.get(first)
    const going = visitor.get('/go')
    await gate.reached
    await new Visitor(app, visitor.jar.copy()).get('/write')
    gate.open()
    await going
    expect(errors).toEqual([])
    return (await visitor.get('/')).json<{ session: Data }>().session
  }

  it.each(Object.entries(WAYS))(
    'R55: what the account before has written meanwhile is not in the session after %s',
    async (_way, { go, becomes }) => {
      expect(await raced('/al', go)).toEqual(becomes)
    },
  )

  it('R55: a change of ctx.session takes what the account before has written meanwhile, as if it had come later', async () => {
    expect(await raced('/al', IN_PLACE)).toEqual({ user: 'zoe', cart: 1, secret: 'of al' })
  })

  it('R55: what a visitor has written meanwhile is in the session that they sign in with', async () => {
    expect(await raced('/visit', IN_PLACE)).toEqual({ user: 'zoe', cart: 1, secret: 'of al' })
  })
})
