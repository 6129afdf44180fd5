import { inspect } from 'node:util'
import type { Context } from 'koa'
import type { Session } from 'koa-session-service'
import { BACKENDS } from '../../support/backends/backends'
import { cookieNames, cookieOf } from '../../support/set-cookie'
import { createSite, sessionOf, type Handlers } from '../../support/app/site'

type Verb = 'save' | 'regenerate' | 'manuallyCommit'
const VERBS: Verb[] = ['save', 'regenerate', 'manuallyCommit']

/** The two ways to call a verb; each answers, when the work is done, the error that it failed with. */
const WAYS: Record<string, (session: Session, verb: Verb) => Promise<unknown>> = {
  'as a promise': (session, verb) =>
    session[verb]().then(
      () => undefined,
      (error: unknown) => error,
    ),
  'with a callback': (session, verb) =>
    new Promise((resolve) => {
      const answer: unknown = session[verb](resolve)
      expect(answer).toBeUndefined()
    }),
}
const CALLS = VERBS.flatMap((verb) => Object.entries(WAYS).map(([way, call]) => ({ verb, way, call })))
const LOGIN: Handlers = { '/login': (ctx) => (ctx.session.user = 'alice') }

describe.each(BACKENDS)('the session with $name', ({ options, hasIds, cookies }) => {
  /** What `read` makes of the session in a visitor's first and second request. */
  async function inTwoRequests(read: (session: Session) => unknown): Promise<[first: unknown, second: unknown]> {
    const { visitor } = createSite(options(), {
      ...LOGIN,
      '/read': (ctx) => (ctx.body = { read: read(ctx.session) }),
    })
    const first = (await visitor.get('/read')).json<{ read: unknown }>().read
    await visitor.get('/login')
    return [first, (await visitor.get('/read')).json<{ read: unknown }>().read]
  }

  test('R2: isNew says whether the session has just begun', async () => {
    expect(await inTwoRequests(({ isNew }) => isNew)).toEqual([true, false])
  })

  test('R2: length counts the keys of the session', async () => {
    expect(await inTwoRequests(({ length }) => length)).toEqual([0, 1])
  })

  test('R2: populated says whether the session has data', async () => {
    expect(await inTwoRequests(({ populated }) => populated)).toEqual([false, true])
  })

  test('R2: maxAge is that of the options', async () => {
    expect(await inTwoRequests(({ maxAge }) => maxAge)).toEqual([86_400_000, 86_400_000])
  })

  test('R2: toJSON() returns the data, and so JSON.stringify() shows them', async () => {
    expect(await inTwoRequests((session) => session.toJSON())).toEqual([{}, { user: 'alice' }])
    expect(await inTwoRequests((session) => session)).toEqual([{}, { user: 'alice' }])
  })

  test('R2: inspect() shows the data of a session alone', async () => {
    expect(await inTwoRequests((session) => inspect(session))).toEqual(['{}', "{ user: 'alice' }"])
  })

  test('R2: externalKey is the token, and undefined where the record rests in the cookie', async () => {
    const { visitor } = createSite(options(), {
      ...LOGIN,
      '/read': (ctx) => (ctx.body = { id: ctx.session.externalKey }),
    })
    const { value } = cookieOf(await visitor.get('/login'))
    expect((await visitor.get('/read')).json()).toEqual(hasIds ? { id: value } : {})
  })

  test('R2: externalKey of a new session is the token that the client is given', async () => {
    const { visitor } = createSite(options(), {
      '/login': (ctx) => {
        ctx.session.user = 'alice'
        ctx.body = { id: ctx.session.externalKey }
      },
    })
    const login = await visitor.get('/login')
    expect(login.json()).toEqual(hasIds ? { id: cookieOf(login).value } : {})
  })

  test('D13, D21: externalKey is live after regenerate()', async () => {
    const { visitor } = createSite(options(), {
      ...LOGIN,
      '/regenerate': async (ctx) => {
        const { session } = ctx
        await session.regenerate()
        ctx.body = { id: session.externalKey }
      },
    })
    const before = cookieOf(await visitor.get('/login')).value
    const answer = await visitor.get('/regenerate')
    expect(answer.json()).toEqual(hasIds ? { id: cookieOf(answer).value } : {})
    if (hasIds) expect(cookieOf(answer).value).not.toBe(before)
  })

  test.each(CALLS)('R2: $verb() $way writes before it is done', async ({ verb, call }) => {
    const { visitor } = createSite(
      { ...options(), autoCommit: false },
      {
        '/login': async (ctx) => {
          ctx.session.user = 'alice'
          expect(await call(ctx.session, verb)).toBeUndefined()
          ctx.body = ctx.response.get('set-cookie')
        },
      },
    )
    const login = await visitor.get('/login')
    expect(login.body).toContain('koa.sess=')
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })

  test.each(CALLS)('R2: $verb() $way hands on an error', async ({ verb, call }) => {
    const failure = new Error('no room')
    const caught: unknown[] = []
    const beforeSave = () => {
      throw failure
    }
    const { visitor } = createSite(
      { ...options(), autoCommit: false, beforeSave },
      {
        '/login': async (ctx) => {
          ctx.session.user = 'alice'
          caught.push(await call(ctx.session, verb))
        },
      },
    )
    expect((await visitor.get('/login')).status).toBe(200)
    expect(caught).toEqual([failure])
  })

  test.each([
    ['save', true],
    ['regenerate', true],
    ['manuallyCommit', false],
  ] as const)('R2: %s() of an unchanged session sets the cookie: %s', async (verb, isSet) => {
    const { visitor } = createSite(options(), { ...LOGIN, '/call': (ctx: Context) => ctx.session[verb]() })
    await visitor.get('/login')
    expect(cookieNames(await visitor.get('/call'))).toEqual(isSet ? cookies() : [])
  })

  test.each(['save', 'regenerate', 'manuallyCommit'] as const)(
    'R2: %s() of a new, empty session sets the cookie, but for manuallyCommit()',
    async (verb) => {
      const { visitor } = createSite(options(), { '/call': (ctx: Context) => ctx.session[verb]() })
      expect(cookieNames(await visitor.get('/call'))).toEqual(verb === 'manuallyCommit' ? [] : cookies())
    },
  )

  test('R2: a key that is deleted is gone from the session', async () => {
    const { visitor } = createSite(options(), {
      '/login': (ctx) => (ctx.session = { user: 'alice', theme: 'dark' }),
      '/plain': (ctx) => delete ctx.session.theme,
    })
    await visitor.get('/login')
    await visitor.get('/plain')
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })

  test('R2: functions among the data are not saved', async () => {
    const { visitor } = createSite(options(), {
      '/login': (ctx) => (ctx.session = { user: 'alice', greet: () => 'hi' }),
    })
    await visitor.get('/login')
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })
})
