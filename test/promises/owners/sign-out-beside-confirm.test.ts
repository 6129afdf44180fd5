import type { Context } from 'koa'
import { SessionService } from 'koa-session-service'
import { createSite, nextTurn } from '../../support/app/site'
import { Visitor } from '../../support/app/app'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { createGate } from '../../support/races/gate'

type Data = Record<string, unknown>

const sessionsOf = (ctx: Context): SessionService => SessionService.of(ctx) as unknown as SessionService

/** How a page signs Al out, while another tab of the same browser confirms who he is. */
const SIGN_OUTS: Record<string, (ctx: Context) => unknown> = {
  'delete ctx.session.user': (ctx) => delete ctx.session.user,
  'delete ctx.session.user, and save()': (ctx) => {
    delete ctx.session.user
    return sessionsOf(ctx).save(ctx)
  },
  'ctx.session = {}': (ctx) => (ctx.session = {}),
  'ctx.session = null': (ctx) => (ctx.session = null),
  'update()': (ctx) => sessionsOf(ctx).update((data) => delete data.user, ctx),
  'delete ctx.session.user, and regenerate()': (ctx) => {
    delete ctx.session.user
    return sessionsOf(ctx).regenerate({}, ctx)
  },
  'update(), with touch() beside it': (ctx) =>
    Promise.all([sessionsOf(ctx).update((data) => delete data.user, ctx), sessionsOf(ctx).touch(ctx)]),
  'update(), with save() beside it': (ctx) =>
    Promise.all([sessionsOf(ctx).update((data) => delete data.user, ctx), sessionsOf(ctx).save(ctx)]),
  'regenerate() without data': (ctx) => sessionsOf(ctx).regenerate({ keepData: false }, ctx),
  'regenerate() without data, twice': async (ctx) => {
    await sessionsOf(ctx).regenerate({ keepData: false }, ctx)
    await sessionsOf(ctx).regenerate({ keepData: false }, ctx)
  },
  'regenerate() without data, and save()': async (ctx) => {
    await sessionsOf(ctx).regenerate({ keepData: false }, ctx)
    await sessionsOf(ctx).touch(ctx)
    await sessionsOf(ctx).save(ctx)
  },
  'destroy()': (ctx) => sessionsOf(ctx).destroy(ctx),
}

/** What leaves Al signed in. */
const OTHERS: Record<string, (ctx: Context) => unknown> = {
  'a change': (ctx) => (ctx.session.cart = 2),
  'regenerate()': (ctx) => sessionsOf(ctx).regenerate({}, ctx),
  'regenerate() without data, and the same sign-in': async (ctx) => {
    await sessionsOf(ctx).regenerate({ keepData: false }, ctx)
    await sessionsOf(ctx).touch(ctx)
    ctx.session.user = 'al'
  },
  'regenerate() without data, and the same sign-in by update()': async (ctx) => {
    await sessionsOf(ctx).regenerate({ keepData: false }, ctx)
    await sessionsOf(ctx).update((data) => (data.user = 'al'), ctx)
  },
}

describeOnEachStore('a request beside confirm()', (getStore) => {
  /** @param go is given the browser tab that has confirmed, too */
  async function raced(go: (ctx: Context, visitor: Visitor) => unknown) {
    const gate = createGate()
    const { app, visitor, errors, events } = createSite(
      { store: getStore(), owner: ({ user }) => user as string | undefined },
      {
        '/al': (ctx) => Object.assign(ctx.session, { user: 'al', cart: 1 }),
        '/zoe': (ctx) => (ctx.session = { user: 'zoe' }),
        '/confirm': (ctx) => sessionsOf(ctx).confirm({}, ctx),
        '/go': async (ctx) => {
          await sessionsOf(ctx).load(ctx)
          await gate.pass()
          await go(ctx, visitor)
        },
      },
    )
    await visitor.get('/al')
    const going = new Visitor(app, visitor.jar.copy())
    const answered = going.get('/go')
    await gate.reached
    await visitor.get('/confirm')
    gate.open()
    const { status } = await answered
    await nextTurn()
    expect(errors).toEqual([])
    const dataOf = async (browser: Visitor) => (await browser.get('/')).json<{ session: Data }>().session
    const ended = events.filter(({ name }) => name === 'ended').map(({ detail }) => detail.owner)
    return { status, confirmed: await dataOf(visitor), gone: await dataOf(going), ended }
  }

  it.each(Object.entries(SIGN_OUTS))('R12: R55: a sign-out by %s is one', async (_how, go) => {
    expect(await raced(go)).toEqual({ status: 200, confirmed: {}, gone: {}, ended: ['al'] })
  })

  it.each(Object.entries(OTHERS))('R12: R55: Al stays signed in after %s', async (_what, go) => {
    const { status, confirmed, ended } = await raced(go)
    expect({ status, user: confirmed.user, ended }).toEqual({ status: 200, user: 'al', ended: [] })
  })

  it('R12: R55: a session that somebody else has by the end of a sign-out is theirs', async () => {
    const { confirmed } = await raced(async (ctx, visitor) => {
      await sessionsOf(ctx).regenerate({ keepData: false }, ctx)
      await visitor.get('/zoe')
    })
    expect(confirmed).toEqual({ user: 'zoe' })
  })

  it('R12: R55: what is put into a session after a sign-out by regenerate() is that of a visitor', async () => {
    const { confirmed, gone } = await raced(async (ctx) => {
      await sessionsOf(ctx).regenerate({ keepData: false }, ctx)
      ctx.session.goodbye = true
    })
    expect({ confirmed, gone }).toEqual({ confirmed: {}, gone: { goodbye: true } })
  })
})
