import fc from 'fast-check'
import type { Context } from 'koa'
import session, { MemoryStore, type SessionOptions, SessionService } from 'koa-session-service'
import { handleOf } from '../../../src/session/token'
import { createApp, Visitor } from '../../support/app/app'
import { addHandlers, createSite, nextTurn, observe } from '../../support/app/site'
import { BACKENDS } from '../../support/backends/backends'
import { createGate } from '../../support/races/gate'
import { turns } from '../../support/races/scheduled-store'
import { RUNS } from '../../support/races/race'
import { intercepted, interceptStore } from '../../support/spies/intercept'

// A wait of a random length between two attempts would make an interleaving hard to repeat.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))

jest.setTimeout(1_800_000)

type Data = Record<string, unknown>
type Step = (label: string) => Promise<void>
type Verb = (ctx: Context, sessions: SessionService<Data>, step: Step) => unknown

/** What is in a session says whose it is: whatever is written names the account that the verb was shown. */
const of = (user: unknown): string => `of ${String(user)}`

function clear(data: Data): void {
  for (const key of Object.keys(data)) Reflect.deleteProperty(data, key)
}

/** How the session of Al comes to somebody else: nothing of Al's is to come along. */
const SWITCHES: Record<string, { go: Verb; to: string | undefined }> = {
  'another ctx.session': { to: 'zoe', go: (ctx) => (ctx.session = { user: 'zoe' }) },
  'another ctx.session, and save()': {
    to: 'zoe',
    go: (ctx, sessions) => {
      ctx.session = { user: 'zoe' }
      return sessions.save(ctx)
    },
  },
  'update() that clears': {
    to: 'zoe',
    go: (ctx, sessions) => sessions.update((data) => (clear(data), (data.user = 'zoe')), ctx),
  },
  'update() that clears and takes its time': {
    to: 'zoe',
    go: (ctx, sessions, step) =>
      sessions.update(async (data) => {
        clear(data)
        await step('Zoe is looked up')
        data.user = 'zoe'
      }, ctx),
  },
  'a change of ctx.session that clears': {
    to: 'zoe',
    go: (ctx, sessions) => {
      clear(ctx.session)
      ctx.session.user = 'zoe'
      return sessions.save(ctx)
    },
  },
  'regenerate() without data': {
    to: 'zoe',
    go: async (ctx, sessions) => {
      const session = await sessions.regenerate({ keepData: false }, ctx)
      if (session) session.user = 'zoe'
    },
  },
  'an empty ctx.session': { to: undefined, go: (ctx) => (ctx.session = {}) },
  'update() that leaves nothing': { to: undefined, go: (ctx, sessions) => sessions.update(clear, ctx) },
}

const marks = (key: string) => (data: Data) => void (data[key] = of(data.user))

/** What the same request does beside it. */
const VERBS: Record<string, Verb> = {
  'update()': (ctx, sessions) => sessions.update(marks('mark'), ctx),
  'update() that takes its time': (ctx, sessions, step) =>
    sessions.update(async (data) => {
      const mark = of(data.user)
      await step('the change is made')
      data.mark = mark
    }, ctx),
  'take()': (ctx, sessions) => sessions.take('secret', ctx),
  'once()': (ctx, sessions, step) =>
    sessions.once(
      'token',
      async (data) => {
        const token = of(data.user)
        await step('the provider answers')
        data.token = token
      },
      ctx,
    ),
  'save()': (ctx, sessions) => sessions.save(ctx),
  'touch()': (ctx, sessions) => sessions.touch(ctx),
  'regenerate()': (ctx, sessions) => sessions.regenerate(ctx),
  'confirm()': (ctx, sessions) => sessions.confirm({ method: 'pin' }, ctx),
}

interface Race {
  scheduler: fc.Scheduler
  /** The verb. */
  name: string
  /** The verb is called first, where the scheduler does not say otherwise. */
  isFirst: boolean
  /** Which call of the store is lost, and how. */
  lost?: { call: number; fault: 'before' | 'after' }
}

function races({ loses = false } = {}): fc.Arbitrary<Race> {
  const lost = fc.record({ call: fc.nat({ max: 6 }), fault: fc.constantFrom('before' as const, 'after' as const) })
  return fc.record({
    scheduler: fc.scheduler(),
    name: fc.constantFrom(...Object.keys(VERBS)),
    isFirst: fc.boolean(),
    ...(loses && { lost }),
  })
}

/** What of Al's is among the data. */
const ofAlIn = (data: Data): string[] => Object.keys(data).filter((key) => data[key] === of('al'))

/** How a verb may end. */
const ENDS = ['done', 'ERR_SESSION_OWNER_CHANGED', 'ERR_SESSION_REQUIRED']

describe.each(BACKENDS)('a session that changes hands within a request, in a $name', ({ options, hasIds }) => {
  /** Lets one request do both, each step of either when the scheduler says; where one is `lost`, a call of the store fails. */
  async function raced(go: Verb, { scheduler, name, isFirst, lost }: Race) {
    const verb = VERBS[name]
    let calls = 0
    let racing: fc.Scheduler | undefined
    const step: Step = async (label) => void (await racing?.schedule(Promise.resolve(), label))
    const slow = hasIds
      ? interceptStore(options(), async ({ method, proceed }) => {
          await step(method)
          const fault = racing && lost?.call === calls++ ? lost.fault : 'none'
          if (fault === 'before') throw new Error('lost before its effect')
          const answer = await proceed()
          if (fault === 'after') throw new Error('lost after its effect')
          return answer
        })
      : options()
    const app = createApp()
    const middleware = session({ ...slow, owner: ({ user }) => user as string | undefined, storeTimeout: 120_000 }, app)
    const sessions = middleware.sessions as unknown as SessionService<Data>
    app.use(middleware)
    let called: { by: unknown; end: string } | undefined
    const beside = async (ctx: Context): Promise<void> => {
      await step('the verb is called')
      const { user } = (ctx.session ?? {}) as Data
      called = { by: user, end: 'done' }
      await Promise.resolve(verb(ctx, sessions, step)).catch((error: { code: string }) => {
        called = { by: user, end: error.code }
      })
    }
    const leaving = async (ctx: Context): Promise<void> => {
      await step('the session changes hands')
      await go(ctx, sessions, step)
    }
    addHandlers(app, {
      '/al': (ctx) => Object.assign(ctx.session, { user: 'al', secret: of('al') }),
      '/go': (ctx) => Promise.all(isFirst ? [beside(ctx), leaving(ctx)] : [leaving(ctx), beside(ctx)]),
      '/proof': (ctx) => (ctx.body = { byPin: sessions.isFresh(60_000, { method: 'pin' }, ctx) }),
    })
    const { visitor, errors } = observe(app)
    await visitor.get('/al')
    racing = scheduler
    const answer = await scheduler.waitFor(visitor.get('/go'), async (release) => {
      await turns(3)
      await release()
    })
    racing = undefined
    await nextTurn()
    if (!lost) expect(errors).toEqual([])
    const { session: data } = (await visitor.get('/')).json<{ session: Data }>()
    const { byPin } = (await visitor.get('/proof')).json<{ byPin: boolean }>()
    return { status: answer.status, data, byPin, called }
  }

  it.each(Object.entries(SWITCHES))(
    'R55: R83: R121: nothing that is done for Al beside %s comes to who has the session then',
    async (_way, { go, to }) => {
      await fc.assert(
        fc.asyncProperty(races(), async (race) => {
          const { status, data, byPin, called } = await raced(go, race)
          expect({ status, user: data.user, ofAl: ofAlIn(data) }).toEqual({ status: 200, user: to, ofAl: [] })
          expect(ENDS).toContain(called?.end)
          // A verb that is called when the session is of somebody else is theirs.
          if (called?.by === 'al') expect(byPin).toBe(false)
        }),
        { numRuns: RUNS },
      )
    },
  )

  if (!hasIds) return

  it.each(Object.entries(SWITCHES))(
    'R55: R83: R121: nothing that is done for Al comes to another account where a call of the store is lost, by %s',
    async (_way, { go, to }) => {
      await fc.assert(
        fc.asyncProperty(races({ loses: true }), async (race) => {
          const { status, data, called } = await raced(go, race)
          if (data.user !== 'al') expect(ofAlIn(data)).toEqual([])
          // What is lost in the verb is its error, and the handler goes on.
          if (status === 200 && ENDS.includes(String(called?.end))) expect(data.user).toBe(to)
        }),
        { numRuns: Math.ceil(RUNS / 2) },
      )
    },
  )
})

describe('verbs about an account that a request gives up beside them', () => {
  const owner = ({ user }: Data) => user as string | undefined

  /** A site where Al and Zoe are signed in with another browser each; `/go` does something as Al and becomes Zoe at once. */
  async function open(go: (ctx: Context, sessions: SessionService) => Promise<unknown>) {
    const { app, visitor, sessions, errors } = createSite(
      { store: new MemoryStore(), owner },
      {
        '/al': (ctx) => (ctx.session.user = 'al'),
        '/zoe': (ctx) => (ctx.session.user = 'zoe'),
        '/go': async (ctx) => {
          await sessions.load(ctx)
          const going = go(ctx, sessions)
          ctx.session = { user: 'zoe' }
          ctx.body = { answer: await going }
        },
      },
    )
    const [al, zoe] = [new Visitor(app), new Visitor(app)]
    await visitor.get('/al')
    await al.get('/al')
    await zoe.get('/zoe')
    const { answer } = (await visitor.get('/go')).json<{ answer: unknown }>()
    expect(errors).toEqual([])
    const userOf = async (browser: Visitor) => (await browser.get('/')).json<{ session: Data }>().session.user
    return { answer, users: [await userOf(visitor), await userOf(al), await userOf(zoe)] }
  }

  it('R83: list() lists the sessions of the account that was there when it was called', async () => {
    const { answer } = await open(async (ctx, sessions) => (await sessions.list(ctx)).length)
    expect(answer).toBe(2)
  })

  it('R83: revokeAll() ends the sessions of the account that was there when it was called, and no other', async () => {
    const { answer, users } = await open((ctx, sessions) => sessions.revokeAll(ctx))
    expect(answer).toBe(2)
    expect(users.slice(1)).toEqual([undefined, 'zoe'])
  })

  it.each([
    ['revokeAll()', 'listByOwner', (ctx: Context, sessions: SessionService) => sessions.revokeAll(ctx)],
    [
      'revoke()',
      'listByOwner',
      (ctx: Context, sessions: SessionService) => sessions.revoke(handleOf(String(sessions.id(ctx))), ctx),
    ],
    ['end()', 'setEnd', (ctx: Context, sessions: SessionService) => sessions.end('plan:free', ctx)],
  ])('R83: %s spares a session that has come to another account by then', async (_verb, slow, go) => {
    const gate = createGate()
    const store = intercepted(new MemoryStore(), async ({ method, proceed }) => {
      const answer = await proceed()
      if (method === slow) await gate.pass()
      return answer
    })
    const { visitor, sessions, errors } = createSite(
      { store, owner, ends: { store, by: ({ plan }) => [`plan:${String(plan)}`] } },
      {
        '/al': (ctx) => Object.assign(ctx.session, { user: 'al', plan: 'free' }),
        '/go': async (ctx) => {
          const going = go(ctx, sessions)
          await gate.reached
          ctx.session = { user: 'zoe' }
          await sessions.save(ctx)
          gate.open()
          await going
        },
      },
    )
    await visitor.get('/al')
    expect((await visitor.get('/go')).status).toBe(200)
    expect((await visitor.get('/')).json()).toEqual({ session: { user: 'zoe' } })
    expect(errors).toEqual([])
  })

  it.each<[string, (ctx: Context) => unknown]>([
    ['another ctx.session', (ctx) => (ctx.session = { user: 'zoe' })],
    ['a change of ctx.session', (ctx) => Object.assign(ctx.session, { user: 'zoe', secret: undefined })],
    [
      'update()',
      (ctx) => SessionService.of(ctx).update((data) => Object.assign(data, { user: 'zoe', secret: undefined }), ctx),
    ],
  ])('R83: a sign-in by %s behind a revokeAll() or a regenerate() that is not awaited is one', async (way, signIn) => {
    const verbs = [
      (ctx: Context) => SessionService.of(ctx).revokeAll(ctx),
      (ctx: Context) => SessionService.of(ctx).regenerate({ keepData: false }, ctx),
    ]
    // In a cookie, nothing is left that an update() behind the end could change.
    const inCookie: SessionOptions[] = way === 'update()' ? [] : [{ ends: { store: new MemoryStore() } }]
    const backends: SessionOptions[] = [{ store: new MemoryStore() }, ...inCookie]
    for (const [verb, backend] of verbs.flatMap((each) => backends.map((options) => [each, options] as const))) {
      const { visitor, errors } = createSite(
        { ...backend, owner },
        {
          '/al': (ctx) => Object.assign(ctx.session, { user: 'al', secret: of('al') }),
          '/go': async (ctx) => {
            await SessionService.of(ctx).load(ctx)
            const going = verb(ctx)
            await signIn(ctx)
            await going
          },
        },
      )
      await visitor.get('/al')
      expect((await visitor.get('/go')).status).toBe(200)
      expect((await visitor.get('/')).json()).toEqual({ session: { user: 'zoe' } })
      expect(errors).toEqual([])
    }
  })

  it('R83: the same sign-in once more behind a revokeAll() that is not awaited is one', async () => {
    const backends: SessionOptions[] = [{ store: new MemoryStore() }, { ends: { store: new MemoryStore() } }]
    for (const backend of backends) {
      const { visitor, errors } = createSite(
        { ...backend, owner },
        {
          '/al': (ctx) => (ctx.session.user = 'al'),
          '/go': async (ctx) => {
            await SessionService.of(ctx).load(ctx)
            const going = SessionService.of(ctx).revokeAll(ctx)
            ctx.session = { user: 'al' }
            await going
          },
        },
      )
      await visitor.get('/al')
      const thief = visitor.jar.copy()
      expect((await visitor.get('/go')).status).toBe(200)
      expect((await visitor.get('/')).json()).toEqual({ session: { user: 'al' } })
      visitor.jar.values.clear()
      for (const [name, value] of thief.values) visitor.jar.values.set(name, value)
      expect((await visitor.get('/')).json()).toEqual({ session: {} })
      expect(errors).toEqual([])
    }
  })

  it.each(['touch', 'save'] as const)(
    'R55: a change in place, made behind %s() while an update() gives the session to another account, is not in it',
    async (verb) => {
      const gate = createGate()
      const { visitor, sessions, errors } = createSite(
        { store: new MemoryStore(), owner },
        {
          '/al': (ctx) => (ctx.session.user = 'al'),
          '/go': async (ctx) => {
            const switching = sessions.update(async (data) => {
              await gate.pass()
              clear(data)
              Object.assign(data, { user: 'zoe' })
            }, ctx)
            await gate.reached
            await sessions[verb](ctx)
            ctx.session.secret = of(ctx.session.user)
            gate.open()
            await switching
          },
        },
      )
      await visitor.get('/al')
      expect((await visitor.get('/go')).status).toBe(200)
      expect((await visitor.get('/')).json()).toEqual({ session: { user: 'zoe' } })
      expect(errors).toEqual([])
    },
  )

  it('R85: a ctx.session that is assigned within update() is an error that says what to do, and is made no use of', async () => {
    const seen: unknown[] = []
    const { visitor, sessions } = createSite(
      { store: new MemoryStore(), owner },
      {
        '/al': (ctx) => (ctx.session.user = 'al'),
        '/go': async (ctx) => {
          const change = (): void => void seen.push('run', (ctx.session = { user: 'zoe' }))
          await sessions.update(change, ctx).catch(({ code }: { code: string }) => seen.push(code))
        },
      },
    )
    await visitor.get('/al')
    await visitor.get('/go')
    expect(seen).toEqual(['ERR_SESSION_NESTED'])
    expect((await visitor.get('/')).json()).toEqual({ session: { user: 'al' } })
  })

  it.each(['replace', 'read'])(
    'R83: an update() that has to be made again is none of the session that took the place of its own, while %s() is under way',
    async (slow) => {
      const keys: unknown[] = []
      const [written, ended] = [createGate(), createGate()]
      let held: ReturnType<typeof createGate>[] = []
      const store = intercepted(new MemoryStore(), async ({ method, args, proceed }) => {
        keys.push(args[0])
        if (method === 'replace' || method === slow) await held.shift()?.pass()
        return proceed()
      })
      const { app, visitor, sessions, errors } = createSite(
        { store, owner },
        {
          '/al': (ctx) => (ctx.session.user = 'al'),
          '/meanwhile': (ctx) => (ctx.session.cart = 1),
          '/go': async (ctx) => {
            await sessions.load(ctx)
            held = [written]
            const updating = sessions.update((data) => Object.assign(data, { n: 1 }), ctx)
            await written.reached
            await new Visitor(app, visitor.jar.copy()).get('/meanwhile')
            if (slow === 'read') held = [ended]
            written.open()
            await (slow === 'read' ? ended.reached : turns(1))
            ctx.session = null
            await turns(3)
            ctx.session = { user: 'zoe' }
            ended.open()
            await updating
          },
        },
      )
      await visitor.get('/al')
      expect((await visitor.get('/go')).status).toBe(200)
      expect(keys).not.toContain(undefined)
      expect((await visitor.get('/')).json<{ session: Data }>().session.user).toBe('zoe')
      expect(errors).toEqual([])
    },
  )

  it('R69: confirm() that was called for one account confirms no other, and says so', async () => {
    const { answer, users } = await open((ctx, sessions) =>
      sessions.confirm(ctx).catch(({ code, status }: { code: string; status: number }) => ({ code, status })),
    )
    expect(answer).toEqual({ code: 'ERR_SESSION_OWNER_CHANGED', status: 500 })
    expect(users).toEqual(['zoe', 'al', 'zoe'])
  })

  it.each([
    ['what was there, with what was set since', { secret: 'newer' }, { user: 'al', secret: 'newer' }],
    ['nothing, where another account was set since', { user: 'zoe' }, { user: 'zoe' }],
  ])('R55: a regenerate() without data that fails brings back %s', async (_what, set, becomes) => {
    const gate = createGate()
    const store = intercepted(new MemoryStore(), async ({ method, proceed }) => {
      if (method !== 'replace') return proceed()
      await gate.pass()
      throw new Error('the store is down')
    })
    const seen: unknown[] = []
    const { visitor } = createSite(
      { store, owner },
      {
        '/al': (ctx) => Object.assign(ctx.session, { user: 'al', secret: of('al') }),
        '/go': async (ctx) => {
          const regenerating = SessionService.of(ctx).regenerate({ keepData: false }, ctx)
          await gate.reached
          Object.assign(ctx.session, set)
          gate.open()
          await regenerating.catch(({ code }: { code: string }) => seen.push(code))
          seen.push(ctx.session.toJSON())
          ctx.session = null
        },
      },
    )
    await visitor.get('/al')
    await visitor.get('/go')
    expect(seen).toEqual(['ERR_SESSION_STORE', becomes])
  })
})
