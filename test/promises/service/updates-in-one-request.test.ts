import type { Context } from 'koa'
import { MemoryStore, SessionService } from 'koa-session-service'
import { DefaultKoa, createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'
import { PlainStore } from '../../support/backends/backends'
import { deferred, everythingElse } from '../../support/races/interleave'
import { WatchedStore } from '../../support/spies/watched-store'

interface Counter {
  count?: number
  others?: number
}

type Action = (sessions: SessionService<Counter>, ctx: Context) => unknown

/** An app whose requests at `/name` do what `actions.name` says, and a visitor with the count at 0. */
async function open(
  actions: Record<string, Action>,
  store: MemoryStore | WatchedStore | PlainStore,
  KoaClass = DefaultKoa,
) {
  const app = createApp(KoaClass)
  const sessions = new SessionService<Counter>(app, { store, lazy: true })
  const events: string[] = []
  sessions.on('conflict', () => events.push('conflict')).on('gone', () => events.push('gone'))
  const all: Record<string, Action> = {
    begin: (_, ctx) => sessions.update((data) => (data.count = 0), ctx),
    read: (_, ctx) => sessions.load(ctx),
    ...actions,
  }
  app.use(sessions.middleware())
  app.use(async (ctx) => {
    ctx.body = { answer: await all[ctx.path.slice(1)](sessions, ctx) }
  })
  const visitor = new Visitor(app)
  await visitor.get('/begin')
  const perform = async (name: string) => (await visitor.get(`/${name}`)).json<{ answer: unknown }>().answer
  return { app, visitor, perform, events }
}

describe.each(Object.entries(KOA_VERSIONS))('%s', (_version, KoaClass) => {
  test('R10: where another request was faster, update() runs its change again on the fresh data', async () => {
    const paused = deferred()
    const goOn = deferred()
    const seen: (number | undefined)[] = []
    const actions: Record<string, Action> = {
      slow: (sessions, ctx) =>
        sessions.update(async (data) => {
          seen.push(data.count)
          paused.resolve()
          await goOn.promise
          data.count = (data.count ?? 0) + 1
        }, ctx),
      fast: (sessions, ctx) => sessions.update((data) => (data.count = (data.count ?? 0) + 1), ctx),
    }
    const { perform, events } = await open(actions, new MemoryStore(), KoaClass)
    const slow = perform('slow')
    await paused.promise
    expect(await perform('fast')).toEqual({ count: 1 })
    goOn.resolve()
    expect(await slow).toEqual({ count: 2 })
    expect(seen).toEqual([0, 1])
    expect(await perform('read')).toEqual({ count: 2 })
    await everythingElse()
    expect(events).toEqual(['conflict'])
  })
})

test('R10: update() counts right however often another process is faster', async () => {
  const store = new WatchedStore()
  const count: Action = (sessions, ctx) => sessions.update((data) => (data.count = (data.count ?? 0) + 1), ctx)
  const { perform } = await open({ count }, store)
  let attempts = 0
  store.before = (method, key) => {
    if (method !== 'replace' || ++attempts > 3) return
    const record = store.records.get(key)
    store.records.set(key, { ...record, count: Number(record?.count) + 10 }, 1e6)
  }
  expect(await perform('count')).toEqual({ count: 31 })
  expect(attempts).toBe(4)
  expect(await perform('read')).toEqual({ count: 31 })
})

test('R10: what the handler had changed before update() is kept over a conflict', async () => {
  const store = new WatchedStore()
  const count: Action = async (sessions, ctx) => {
    const session = await sessions.load(ctx)
    if (session) session.others = 5
    return sessions.update((data) => (data.count = (data.count ?? 0) + 1), ctx)
  }
  const { perform } = await open({ count }, store)
  let attempts = 0
  store.before = (method, key) => {
    if (method !== 'replace' || ++attempts > 2) return
    const record = store.records.get(key)
    store.records.set(key, { ...record, count: Number(record?.count) + 10 }, 1e6)
  }
  expect(await perform('count')).toEqual({ count: 21, others: 5 })
})

test('R10: on a store without conditional writes the change runs once', async () => {
  const runs = jest.fn((data: Counter) => (data.count = (data.count ?? 0) + 1))
  const { perform } = await open({ count: (sessions, ctx) => sessions.update(runs, ctx) }, new PlainStore())
  expect(await perform('count')).toEqual({ count: 1 })
  expect(runs).toHaveBeenCalledTimes(1)
})

test('R10, R11: where another request logs out meanwhile, update() returns null, and the session stays dead', async () => {
  const paused = deferred()
  const goOn = deferred()
  const store = new MemoryStore()
  const actions: Record<string, Action> = {
    slow: (sessions, ctx) =>
      sessions.update(async (data) => {
        paused.resolve()
        await goOn.promise
        data.count = 1
      }, ctx),
    logOut: (sessions, ctx) => sessions.destroy(ctx),
  }
  const { app, visitor, events } = await open(actions, store)
  const other = new Visitor(app, visitor.jar.copy())
  const slow = visitor.get('/slow')
  await paused.promise
  await other.get('/logOut')
  goOn.resolve()
  const answer = await slow
  expect(answer.json()).toEqual({ answer: null })
  expect(answer.setCookie).toEqual([])
  expect(store.size).toBe(0)
  await everythingElse()
  expect(events).toEqual(['gone'])
})

describe('where other processes are faster every time', () => {
  async function crowded() {
    const store = new WatchedStore()
    const caught: unknown[] = []
    const runs: number[] = []
    const count: Action = async (sessions, ctx) => {
      await sessions
        .update((data) => runs.push((data.count = (data.count ?? 0) + 1)), ctx)
        .catch((error) => caught.push(error))
      store.before = () => undefined
    }
    const server = await open({ count }, store)
    store.before = (method, key) => {
      if (method !== 'replace') return
      const record = store.records.get(key)
      store.records.set(key, { ...record, others: Number(record?.others ?? 0) + 1 }, 1e6)
    }
    return { ...server, caught, runs }
  }

  test('R10: update() gives up after a bounded number of attempts, with a clear error', async () => {
    const { perform, caught, runs } = await crowded()
    await perform('count')
    expect(runs).toHaveLength(150)
    expect(caught).toEqual([
      expect.objectContaining({
        code: 'ERR_SESSION_CONFLICT',
        status: 503,
        message: expect.stringMatching(/150 attempts.*Nothing was written/) as string,
      }),
    ])
  })

  test('R10: and nothing of the change is written, not even at the end of the request', async () => {
    const { perform } = await crowded()
    await perform('count')
    expect(await perform('read')).toMatchObject({ count: 0 })
  })
})

test('R10: a change that throws leaves the session as it was, and its error is the one that update() throws', async () => {
  const store = new MemoryStore()
  const failure = new Error('out of stock')
  const caught: unknown[] = []
  const count: Action = (sessions, ctx) =>
    sessions
      .update((data) => {
        data.count = 100
        throw failure
      }, ctx)
      .catch((error) => caught.push(error))
  const { perform } = await open({ count }, store)
  await perform('count')
  expect(caught).toEqual([failure])
  expect(await perform('read')).toEqual({ count: 0 })
})

describe('what update() hands to its function', () => {
  test('R56: is a copy of the session: what it holds is in ctx.session when the function is done', async () => {
    const seen: unknown[] = []
    const count: Action = async (sessions, ctx) => {
      const live = await sessions.load(ctx)
      await sessions.update((data) => {
        data.count = 7
        seen.push(data === live, live?.count)
      }, ctx)
      seen.push(live?.count)
      return ctx.session === live
    }
    const { perform } = await open({ count }, new MemoryStore())
    expect(await perform('count')).toBe(true)
    expect(seen).toEqual([false, 0, 7])
  })

  test.each(['save', 'regenerate', 'manuallyCommit'] as const)('R56: fails on %s() at once', async (verb) => {
    const caught: unknown[] = []
    const count: Action = (sessions, ctx) =>
      sessions.update(async (data) => {
        data.count = 1
        await data[verb]().catch((error: unknown) => caught.push(error))
      }, ctx)
    const { perform } = await open({ count }, new MemoryStore())
    expect(await perform('count')).toEqual({ count: 1 })
    expect(caught).toEqual([expect.objectContaining({ code: 'ERR_SESSION_NESTED' })])
  })

  test.each<[string, Action]>([
    ['save()', (sessions, ctx) => sessions.save(ctx)],
    ['touch()', (sessions, ctx) => sessions.touch(ctx)],
    ['regenerate()', (sessions, ctx) => sessions.regenerate({}, ctx)],
    ['update()', (sessions, ctx) => sessions.update((data) => (data.others = 5), ctx)],
  ])('R56: %s of the service works within it', async (verb, call) => {
    const count: Action = (sessions, ctx) =>
      sessions.update(async (data) => {
        await call(sessions, ctx)
        data.count = 1
      }, ctx)
    const { perform } = await open({ count }, new MemoryStore())
    await perform('count')
    expect(await perform('read')).toEqual({ count: 1, ...(verb === 'update()' && { others: 5 }) })
  })

  test('R56: destroy() of the service within it ends the session', async () => {
    const store = new MemoryStore()
    const count: Action = (sessions, ctx) =>
      sessions.update(async (data) => {
        await sessions.destroy(ctx)
        data.count = 1
      }, ctx)
    const { perform } = await open({ count }, store)
    expect(await perform('count')).toBeNull()
    expect(store.size).toBe(0)
  })
})

describe.each([
  ['MemoryStore', () => new MemoryStore()],
  ['a plain store', () => new PlainStore()],
])('updates that one request makes at the same time, on %s', (_name, openStore) => {
  const pause = async () => new Promise(setImmediate)
  const increment = async (sessions: SessionService<Counter>, ctx: Context, key: keyof Counter) =>
    sessions.update(async (data) => {
      const count = data[key] ?? 0
      await pause()
      data[key] = count + 1
    }, ctx)

  test('R10: count every increment', async () => {
    const actions: Record<string, Action> = {
      many: async (sessions, ctx) => {
        await Promise.all(Array.from({ length: 20 }, async () => increment(sessions, ctx, 'count')))
      },
    }
    const { perform } = await open(actions, openStore())
    await perform('many')
    expect(await perform('read')).toEqual({ count: 20 })
  })

  test('R10: run once where they change different keys, or are a part of one another', async () => {
    const runs: string[] = []
    const actions: Record<string, Action> = {
      apart: async (sessions, ctx) => {
        await Promise.all([
          sessions.update((data) => ((data.count = 1), runs.push('count')), ctx),
          sessions.update((data) => ((data.others = 1), runs.push('others')), ctx),
        ])
      },
      nested: async (sessions, ctx) => {
        await sessions.update(async (data) => {
          runs.push('outer')
          await sessions.update((inner) => ((inner.count = 5), runs.push('inner')), ctx)
          data.count = 6
        }, ctx)
      },
    }
    const { perform } = await open(actions, openStore())
    await perform('apart')
    expect(await perform('read')).toEqual({ count: 1, others: 1 })
    await perform('nested')
    expect(await perform('read')).toEqual({ count: 6, others: 1 })
    expect(runs).toEqual(['count', 'others', 'outer', 'inner'])
  })
})
