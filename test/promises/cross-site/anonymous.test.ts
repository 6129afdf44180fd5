import type { Context } from 'koa'
import { MemoryStore, SessionService, type SessionOptions } from 'koa-session-service'
import { createApp } from '../../support/app/app'
import { createSite, nextTurn, type Handlers } from '../../support/app/site'
import { CASES, FOREIGN, OWN, signIn } from './requests'
import { spyOn } from '../../support/spies/spy-on'

const serviceOf = (ctx: Context) => SessionService.of(ctx) as unknown as SessionService

/** What a handler tries with its session, and what it is told. */
const ATTEMPTS: [what: string, attempt: (ctx: Context) => unknown, status: number][] = [
  ['changes it', (ctx) => (ctx.session.user = 'eve'), 200],
  ['replaces it', (ctx) => (ctx.session = { user: 'eve' }), 200],
  ['sets it to null', (ctx) => (ctx.session = null), 200],
  [
    'sets it to null, then to another one',
    (ctx) => {
      ctx.session = null
      ctx.session = { user: 'eve' }
    },
    200,
  ],
  ['gives it a longer life', (ctx) => (ctx.session.maxAge = 1_000_000), 200],
  ['commits it by itself', (ctx) => ctx.session.manuallyCommit(), 200],
  ['extends it', (ctx) => serviceOf(ctx).touch(ctx), 200],
  ['throws', (ctx) => ctx.throw(418), 418],
  ['saves it', (ctx) => serviceOf(ctx).save(ctx), 403],
  ['saves it by its own verb', (ctx) => ctx.session.save(), 403],
  ['updates it', (ctx) => serviceOf(ctx).update((data) => (data.user = 'eve'), ctx), 403],
  ['regenerates it', (ctx) => serviceOf(ctx).regenerate({}, ctx), 403],
  ['starts it over', (ctx) => serviceOf(ctx).regenerate({ keepData: false }, ctx), 403],
  ['destroys it', (ctx) => serviceOf(ctx).destroy(ctx), 403],
]

const HANDLERS: Handlers = {
  '/login': async (ctx) => {
    await serviceOf(ctx).load(ctx)
    ctx.session.user = 'ann'
  },
  '/user': async (ctx) => {
    ctx.body = { ...(await serviceOf(ctx).load(ctx)) }
  },
}

function siteOf(options: SessionOptions, handlers: Handlers, KoaClass?: Parameters<typeof createApp>[0]) {
  return createSite({ crossSite: 'anonymous', ...options }, { ...HANDLERS, ...handlers }, createApp(KoaClass))
}

describe.each(CASES)('crossSite: anonymous, $name', ({ options, KoaClass }) => {
  it('R74: a request from another site is shown an empty session with mode "anonymous"', async () => {
    const seen: unknown[] = []
    const { visitor } = siteOf(
      options(),
      {
        '/see': async (ctx) => {
          const session = await serviceOf(ctx).load(ctx)
          seen.push({ ...session }, session?.isNew, session?.externalKey, serviceOf(ctx).id(ctx))
        },
      },
      KoaClass,
    )
    const held = await signIn(visitor)
    expect(await visitor.post('/see', undefined, FOREIGN)).toMatchObject({ status: 200, setCookie: [] })
    expect(seen).toEqual([{}, true, undefined, undefined])
    expect(visitor.jar.header).toBe(held)
    expect((await visitor.post('/user', undefined, OWN)).json()).toEqual({ user: 'ann' })
  })

  it.each(ATTEMPTS)(
    'R74: a handler of a request from another site that %s changes nothing in the store and the browser',
    async (_, attempt, status) => {
      const given = { ...options(), rolling: true, renew: true, genid: () => 'eves-own-id' }
      const { calls, store } = spyOn({ store: given.store ?? new MemoryStore() })
      const site = siteOf(
        given.store ? { ...given, store } : given,
        {
          '/try': async (ctx) => {
            await serviceOf(ctx).load(ctx)
            await attempt(ctx)
          },
        },
        KoaClass,
      )
      const { visitor } = site
      const held = await signIn(visitor)
      calls.length = 0
      const answer = await visitor.post('/try', undefined, FOREIGN)
      expect(answer).toMatchObject({ status, setCookie: [] })
      expect(calls).toEqual([])
      expect(visitor.jar.header).toBe(held)
      expect((await visitor.post('/user', undefined, OWN)).json()).toEqual({ user: 'ann' })
      await nextTurn()
      expect(site.events).toEqual([])
    },
  )

  it('R74: no signature is made anew, and none is dropped, for a request from another site', async () => {
    const before = siteOf(options(), {}, KoaClass)
    const after = siteOf(options(), {}, KoaClass)
    after.app.keys = ['a newer key', 'a test key']
    await signIn(before.visitor)
    after.visitor.jar.accept([...before.visitor.jar.values].map(([name, value]) => `${name}=${value}`))
    expect((await after.visitor.post('/user', undefined, FOREIGN)).setCookie).toEqual([])
    after.app.keys = ['another key']
    expect((await after.visitor.post('/user', undefined, FOREIGN)).setCookie).toEqual([])
  })
})

it('R74: the "mode" beside "trustedOrigins" says what becomes of a request from any other site', async () => {
  const trusted = ['https://accounts.example']
  const { visitor } = siteOf({ crossSite: { trustedOrigins: trusted, mode: 'anonymous' } }, {})
  await signIn(visitor)
  expect((await visitor.post('/user', undefined, FOREIGN)).json()).toEqual({})
  expect((await visitor.post('/user', undefined, { ...FOREIGN, origin: trusted[0] })).json()).toEqual({ user: 'ann' })
})

describe('the verbs of an owner, in a request from another site', () => {
  const owner: SessionOptions['owner'] = ({ user }) => user as string

  it.each<[what: string, ask: (ctx: Context) => unknown, status: number, body: unknown]>([
    ['lists', async (ctx) => ({ answer: await serviceOf(ctx).list(ctx) }), 200, { answer: [] }],
    ['revokes', async (ctx) => ({ answer: await serviceOf(ctx).revoke('x', ctx) }), 200, { answer: false }],
    ['revokes all', async (ctx) => ({ answer: await serviceOf(ctx).revokeAll(ctx) }), 200, { answer: 0 }],
    ['confirms', (ctx) => serviceOf(ctx).confirm({}, ctx), 403, undefined],
    ['takes', (ctx) => serviceOf(ctx).take('user', ctx), 403, undefined],
    ['asks how fresh', (ctx) => ({ answer: serviceOf(ctx).isFresh(Infinity, {}, ctx) }), 200, { answer: false }],
    ['watches', async (ctx) => ({ answer: (await serviceOf(ctx).signal(ctx)).aborted }), 200, { answer: true }],
  ])(
    'R74: the service %s as nobody for a request from another site, whatever a handler has put into its session',
    async (_what, ask, status, body) => {
      const { store, take } = spyOn({ store: new MemoryStore() })
      const handlers: Handlers = {
        '/ask': async (ctx) => {
          ctx.session.user = 'ann'
          ctx.body = await ask(ctx)
        },
      }
      const site = siteOf({ store, owner }, handlers)
      await signIn(site.visitor)
      take()
      const answer = await site.visitor.post('/ask', undefined, FOREIGN)
      expect([answer.status, answer.setCookie, take()]).toEqual([status, [], []])
      if (body) expect(answer.json()).toEqual(body)
      expect(await site.sessions.list({ owner: 'ann' })).toHaveLength(1)
    },
  )
})
