import { SessionService } from 'koa-session-service'
import { Visitor } from '../../support/app/app'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { inTime } from '../../support/races/in-time'
import { idOf, readData } from '../../support/races/racing-app'
import { createSite } from '../../support/app/site'
import { openOnceApp, soon, tally } from './once-app'

const never = () => new Promise<never>(() => undefined)

describeOnEachStore('work that is done once', (getStore) => {
  const open = (options: Omit<Parameters<typeof openOnceApp>[0], 'store'> = {}) =>
    openOnceApp({ processes: 3, ...options, store: getStore() })

  it('R121: one of twenty parallel requests over three services does the work, and all have what it made', async () => {
    const { provider, racing, sendAll, visitor } = await open()
    expect(tally(await sendAll(20))).toEqual({ 1: 20 })
    expect(provider).toMatchObject({ calls: 1, invalid: 0 })
    expect(racing.errors).toEqual([])
    expect(await readData(visitor)).toEqual({ upstream: { token: 1, isExpired: false } })
  })

  it('R121: one of twenty parallel requests does the work where each asks its session first, too', async () => {
    const { provider, sendAll } = await open()
    expect(tally(await sendAll(20, '/ifExpired'))).toEqual({ 1: 20 })
    expect(provider.calls).toBe(1)
    expect(tally(await sendAll(20, '/ifExpired'))).toEqual({ 1: 20 })
    expect(provider.calls).toBe(1)
  })

  it('R121: requests that come after work with "needed" do nothing until it is needed again', async () => {
    const { provider, sendAll, send } = await open({ once: { needed: ({ upstream }) => upstream.isExpired } })
    for (const token of [1, 2, 3]) {
      expect(tally(await sendAll(10))).toEqual({ [token]: 10 })
      expect(tally(await sendAll(10))).toEqual({ [token]: 10 })
      expect(provider.calls).toBe(token)
      await send('/expire')
    }
  })

  it('R121: a request that read the session before the work was done shares it, however late it asks', async () => {
    const { provider, racing, visitor, send } = await open()
    const slow = await Promise.all([0, 1].map((index) => racing.start(racing.another(visitor, index), '/token')))
    expect(tally([await send()])).toEqual({ 1: 1 })
    expect(tally(await Promise.all(slow.map(({ finish }) => finish())))).toEqual({ 1: 2 })
    expect(provider.calls).toBe(1)
    // Who has read it since asks for more.
    expect(tally([await send()])).toEqual({ 2: 1 })
    expect(provider).toMatchObject({ calls: 2, invalid: 0 })
  })

  it('R121: a session that the request has ended has no work done for it', async () => {
    const { app, visitor } = createSite(
      { store: getStore() },
      {
        '/begin': (ctx) => (ctx.session.cart = 1),
        '/ended': async (ctx) => {
          await SessionService.of(ctx).destroy(ctx)
          ctx.body = { session: await SessionService.of(ctx).once('work', never, ctx) }
        },
      },
    )
    await visitor.get('/begin')
    expect((await inTime(new Visitor(app, visitor.jar.copy()).get('/ended'))).json()).toEqual({ session: null })
  })

  it('R121: changes that other requests make while the work is done stay', async () => {
    const { sendAll, visitor } = await open()
    await Promise.all([sendAll(3), sendAll(3, '/increment'), sendAll(1, '/set/other')])
    const upstream = { token: 1, isExpired: false }
    expect(await readData(visitor)).toEqual({ upstream, views: 3, other: 'other' })
  })

  it('R121: a failure of the work is the error of its request, a 503 for the others, and the next one tries', async () => {
    const { provider, sendAll, send, visitor } = await open()
    provider.answer = () => soon().then(() => Promise.reject(new Error('down')))
    const answers = await sendAll(20)
    expect(tally(answers)).toEqual({ down: 1, ERR_SESSION_ONCE_FAILED: 19 })
    // Those of the same process are told why: a third of all, but for the one that has failed.
    expect(answers.filter((answer) => answer.json<{ cause?: string }>().cause === 'down').length).toBeGreaterThan(4)
    expect(provider.calls).toBe(1)
    expect(await readData(visitor)).toEqual({ upstream: { token: 0, isExpired: true } })
    provider.answer = soon
    expect(tally([await send()])).toEqual({ 1: 1 })
    expect(provider.calls).toBe(2)
  })

  it('R121: a request that asks again after a failure does the work', async () => {
    const { provider, send } = await open({
      verbs: {
        again: async (ctx, sessions) => {
          const work = (data: object) => provider.refresh(0).then((token) => Object.assign(data, { token }))
          await sessions.once('again', work, ctx).catch(() => undefined)
          provider.answer = soon
          const session = await sessions.once('again', work, ctx)
          ctx.state.result = (session as { token?: number } | null)?.token
        },
      },
    })
    provider.answer = () => Promise.reject(new Error('down'))
    expect(tally([await send('/again')])).toEqual({ 1: 1 })
  })

  it('R121: nothing of work that has failed is in the session', async () => {
    const { send, visitor } = await open({
      verbs: {
        half: (ctx, sessions) =>
          sessions
            .once(
              'half',
              (data) => {
                Object.assign(data, { half: true })
                throw new Error('half way')
              },
              ctx,
            )
            .catch(({ message }: Error) => (ctx.state.code = message)),
      },
    })
    const answer = await send('/half')
    expect(answer.json()).toEqual({ code: 'half way', data: { upstream: { token: 0, isExpired: true } } })
    expect(await readData(visitor)).toEqual({ upstream: { token: 0, isExpired: true } })
  })

  it('R121: a logout while the work is done drops what was made, and nothing comes back', async () => {
    const { provider, sendAll, send, visitor, racing } = await open()
    let answer = (): void => undefined
    const asked = new Promise<void>((reach) => {
      provider.answer = () => (reach(), new Promise<void>((resolve) => (answer = resolve)))
    })
    const all = sendAll(6)
    await asked
    await send('/destroy')
    answer()
    expect(tally(await all)).toEqual({ null: 6 })
    expect(provider.calls).toBe(1)
    expect(await racing.records()).toEqual([])
    expect(await readData(visitor)).toEqual({})
  })

  it('R121: a sign-in as somebody else while the work is done gets nothing of it', async () => {
    const owner = ({ user }: Record<string, unknown>): string | undefined => user as string | undefined
    const { provider, send, racing, visitor } = await open({ owner })
    let answer = (): void => undefined
    const asked = new Promise<void>((reach) => {
      provider.answer = () => (reach(), new Promise<void>((resolve) => (answer = resolve)))
    })
    const working = send()
    await asked
    const other = racing.another(visitor, 1)
    await other.get('/user/alice')
    answer()
    expect(tally([await working])).toEqual({ null: 1 })
    expect(await readData(other)).toEqual({ user: 'alice', upstream: { token: 0, isExpired: true } })
  })

  it('R121: a holder of the work that never ends is followed after the lease, hears so by its signal, and its result is dropped', async () => {
    const { provider, sendAll, send, visitor, racing } = await open({ once: { lease: 150 } })
    let answer = (): void => undefined
    provider.answer = () => ((provider.answer = soon), new Promise<void>((resolve) => (answer = resolve)))
    const first = send()
    while (provider.calls === 0) await soon()
    expect(tally(await sendAll(8))).toEqual({ 1: 8 })
    expect(provider.calls).toBe(2)
    answer()
    // Its own refresh was refused: the others' token is in the session, whatever became of it.
    expect(tally([await first])).toEqual({ invalid_grant: 1 })
    expect(await readData(visitor)).toEqual({ upstream: { token: 1, isExpired: false } })
    expect(racing.errors).toEqual([])
  })

  it('R121: a result that a holder made after it was followed is dropped, it shares the other one, and an event tells so', async () => {
    const errors: unknown[] = []
    let count = 0
    let answer = (): void => undefined
    const aborted: boolean[] = []
    const { send, visitor } = await open({
      verbs: {
        slow: async (ctx, sessions) => {
          sessions.on('error', ({ error }) => errors.push(error))
          const session = await sessions.once(
            'slow',
            async (data, signal) => {
              const mine = ++count
              const isAborted = new Promise((resolve) => signal.addEventListener('abort', resolve))
              if (mine === 1) await Promise.all([isAborted, new Promise<void>((resolve) => (answer = resolve))])
              aborted.push(signal.aborted)
              Object.assign(data, { made: mine })
            },
            { lease: 100, needed: () => true },
            ctx,
          )
          ctx.state.result = (session as { made?: number } | null)?.made
        },
      },
    })
    const first = send('/slow')
    while (count === 0) await soon()
    expect(tally([await send('/slow')])).toEqual({ 2: 1 })
    answer()
    expect(tally([await first])).toEqual({ 2: 1 })
    expect(aborted).toEqual([false, true])
    expect(await readData(visitor)).toMatchObject({ made: 2 })
    await soon()
    expect(errors).toContainEqual(expect.objectContaining({ code: 'ERR_SESSION_ONCE_PENDING' }))
  })

  it('R121: a holder that is late, and that nobody has followed, writes what it made', async () => {
    const { provider, send } = await open({ once: { lease: 20, wait: 10_000 } })
    provider.answer = () => new Promise((resolve) => setTimeout(resolve, 60))
    expect(tally([await send()])).toEqual({ 1: 1 })
    expect(provider.calls).toBe(1)
  })

  it('R121: nobody waits for the work for ever: after "wait" it is a 503', async () => {
    const { provider, send, sendAll } = await open({ once: { lease: 60_000, wait: 100 } })
    provider.answer = never
    void send()
    while (provider.calls === 0) await soon()
    expect(tally(await inTime(sendAll(6)))).toEqual({ ERR_SESSION_ONCE_PENDING: 6 })
    expect(provider.calls).toBe(1)
  })

  it('R121: a request whose own work never ends waits for it no longer than its lease and "wait": then it is a 503', async () => {
    const { provider, send } = await open({ once: { lease: 50, wait: 50 } })
    provider.answer = never
    expect(tally([await inTime(send())])).toEqual({ ERR_SESSION_ONCE_PENDING: 1 })
    provider.answer = soon
    expect(tally([await inTime(send())])).toEqual({ 1: 1 })
  })

  it('R121: a request whose own work never ends has what the one made that has followed', async () => {
    const { provider, send } = await open({ once: { lease: 50, wait: 500 } })
    provider.answer = never
    const first = send()
    while (provider.calls === 0) await soon()
    provider.answer = soon
    expect(tally([await inTime(send())])).toEqual({ 1: 1 })
    expect(tally([await inTime(first)])).toEqual({ 1: 1 })
    expect(provider.calls).toBe(2)
  })

  it('R121: two kinds of work do not wait for each other', async () => {
    const { racing, visitor, send } = await open({
      verbs: {
        own: async (ctx, sessions, key) => {
          if (key === 'b') return sessions.once('b', (data) => Object.assign(data, { b: 1 }), ctx)
          const work = async (data: object): Promise<void> => {
            await racing.another(visitor, 1).get('/own/b')
            Object.assign(data, { a: 1 })
          }
          await sessions.once('a', work, ctx)
        },
      },
    })
    await inTime(send('/own/a'))
    expect(await readData(visitor)).toMatchObject({ a: 1, b: 1 })
  })

  it('R121: two calls of one request do the work once', async () => {
    let count = 0
    const { send } = await open({
      verbs: {
        both: async (ctx, sessions) => {
          const work = (data: object) => soon().then(() => Object.assign(data, { made: ++count }))
          await Promise.all([sessions.once('both', work, ctx), sessions.once('both', work, ctx)])
          ctx.state.result = count
        },
      },
    })
    expect(tally([await send('/both')])).toEqual({ 1: 1 })
  })

  it('R121: the session that the work gets is a copy: a change of the handler beside it is written too', async () => {
    const { send, visitor } = await open({
      verbs: {
        beside: async (ctx, sessions) => {
          const work = sessions.once('beside', (data) => soon().then(() => Object.assign(data, { made: 1 })), ctx)
          ctx.session.mine = 1
          await work
          ctx.state.result = ctx.session.made as number
        },
      },
    })
    expect(tally([await send('/beside')])).toEqual({ 1: 1 })
    expect(await readData(visitor)).toMatchObject({ made: 1, mine: 1 })
  })

  it.each(['update', 'once'] as const)('R121: once() inside %s is refused, before anything is done', async (verb) => {
    const work = jest.fn()
    const { send } = await open({
      verbs: {
        nested: async (ctx, sessions) => {
          const inner = () => sessions.once('inner', work, ctx)
          const outer = verb === 'update' ? sessions.update(inner, ctx) : sessions.once('outer', inner, ctx)
          await outer.catch(({ code }: { code: string }) => (ctx.state.code = code))
        },
      },
    })
    expect(tally([await inTime(send('/nested'))])).toEqual({ ERR_SESSION_NESTED: 1 })
    expect(work).not.toHaveBeenCalled()
  })

  it('R121: another verb within the work is a part of it', async () => {
    const { send, visitor } = await open({
      verbs: {
        within: async (ctx, sessions) => {
          const inner = () => sessions.update((data) => Object.assign(data, { inner: 1 }), ctx)
          await sessions.once('within', inner, ctx)
          ctx.state.result = ctx.session.inner as number
        },
      },
    })
    expect(tally([await inTime(send('/within'))])).toEqual({ 1: 1 })
    expect(await readData(visitor)).toMatchObject({ inner: 1 })
  })

  it('R121: work that is done once is written without autoCommit, too', async () => {
    const { visitor, racing } = await openOnceApp({ store: getStore() })
    const other = await openOnceApp({ store: getStore(), autoCommit: false })
    const borrowed = new Visitor(other.racing.apps[0], visitor.jar.copy())
    expect(tally([await borrowed.get('/token')])).toEqual({ 1: 1 })
    expect(await readData(racing.another(visitor))).toEqual({ upstream: { token: 1, isExpired: false } })
  })

  it('R121: a visitor without a session does the work for themselves, and is given a session where it made some data', async () => {
    let count = 0
    const { visitor } = createSite(
      { store: getStore() },
      {
        '/nothing': (ctx) => SessionService.of(ctx).once('nothing', () => void count++, ctx),
        '/something': (ctx) =>
          SessionService.of(ctx).once('something', (data) => Object.assign(data, { customer: ++count }), ctx),
      },
    )
    expect((await visitor.get('/nothing')).setCookie).toEqual([])
    expect((await visitor.get('/something')).setCookie).not.toEqual([])
    expect((await visitor.get('/')).json()).toEqual({ session: { customer: 2 } })
  })

  it('R121: hooks, events and the data are shown nothing of work that is done once', async () => {
    const seen: unknown[] = []
    const { sendAll, racing, visitor } = await open({
      valid: (_ctx, record) => (seen.push(record), true),
      beforeSave: (_ctx, session) => void seen.push({ ...session }),
    })
    for (const name of ['conflict', 'gone', 'error', 'missed'] as const) {
      racing.apps[0].on(`session:${name}`, (detail: object) => seen.push({ ...detail, ctx: undefined }))
    }
    await sendAll(9)
    expect(await racing.record(idOf(visitor))).toHaveProperty('_once')
    expect(seen.length).toBeGreaterThan(3)
    expect(JSON.stringify(seen)).not.toContain('_once')
  })
})
