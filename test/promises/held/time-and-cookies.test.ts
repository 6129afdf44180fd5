import { MemoryStore, sealed, type SessionOptions } from 'koa-session-service'
import type { Context } from 'koa'
import { contextStoreOver, PlainStore, SEALING_KEYS } from '../../support/backends/backends'
import { endOf, hold, NEVER } from '../../support/app/held'
import { createSessionApp } from '../../support/app/session-app'

const RECHECK = 30_000
const HOUR = 3_600_000

afterEach(() => jest.useRealTimers())

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
}

/** A session that is held, and a clock that the test moves. */
async function open(options: SessionOptions) {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] })
  const app = createSessionApp(options)
  const ann = app.visitor()
  await ann.get('/set?n=1')
  const held = await hold(app.sessions, ann)
  await turns()
  const pass = async (milliseconds: number): Promise<void> => {
    await jest.advanceTimersByTimeAsync(milliseconds)
    await turns()
  }
  return { ...app, ann, held, pass }
}

describe('the time of a session that is held', () => {
  const LIMITS: [string, SessionOptions][] = [
    ['maxAge', { maxAge: HOUR }],
    ['idleTimeout', { maxAge: 'session', idleTimeout: HOUR }],
    ['absoluteTimeout', { maxAge: 'session', absoluteTimeout: HOUR }],
  ]

  it.each(LIMITS)('R72: a held session times out when its record says so: %s', async (_name, limit) => {
    const { held, pass } = await open({ store: new MemoryStore(), recheckEvery: NEVER, ...limit })
    await pass(HOUR - 1)
    expect(held.signal.aborted).toBe(false)
    await pass(200)
    expect(await endOf(held.signal)).toMatch('time of the session')
    expect(await held.update((session) => Object.assign(session, { late: 1 }))).toBeNull()
  })

  it('R72: a request that renews a held session keeps its signal, up to the absolute timeout', async () => {
    const { ann, held, pass } = await open({
      store: new MemoryStore(),
      recheckEvery: NEVER,
      maxAge: 'session',
      idleTimeout: HOUR,
      absoluteTimeout: 3 * HOUR,
    })
    for (let step = 0; step < 5; step++) {
      await pass(HOUR / 2)
      await ann.get('/')
    }
    await pass(HOUR / 2 - 1)
    expect(held.signal.aborted).toBe(false)
    await pass(200)
    expect(held.signal.aborted).toBe(true)
  })

  it('R72: touch() of a held session keeps its signal too', async () => {
    const { held, pass } = await open({
      store: new MemoryStore(),
      recheckEvery: NEVER,
      maxAge: 'session',
      idleTimeout: HOUR,
    })
    for (let step = 0; step < 5; step++) {
      await pass(HOUR - 1)
      await held.touch()
    }
    expect(held.signal.aborted).toBe(false)
    await pass(HOUR + 200)
    expect(held.signal.aborted).toBe(true)
  })

  it('R72: a held session that has timed out is not brought back, also where its record is there still', async () => {
    const store = new PlainStore()
    const { held, pass } = await open({ store, recheckEvery: NEVER, maxAge: HOUR })
    held.release()
    await pass(HOUR + 1)
    expect(await held.update((session) => Object.assign(session, { late: 1 }))).toBeNull()
    expect([...store.records.values()].join()).not.toContain('late')
  })

  it('R72: a change behind the back of the service is seen within "recheckEvery"', async () => {
    const store = new MemoryStore()
    const { held, pass } = await open({ store })
    store.destroy(held.id as string)
    await pass(RECHECK - 100)
    expect(held.signal.aborted).toBe(false)
    await pass(100)
    expect(await endOf(held.signal)).toBe('The session was ended.')
  })
})

describe('stores of every kind', () => {
  const shared = () => new MemoryStore()
  const KINDS: [string, () => SessionOptions][] = [
    ['a plain store', () => ({ store: new PlainStore() })],
    ['a ContextStore', () => ({ ContextStore: contextStoreOver(new PlainStore()) })],
    ['hashTokens', () => ({ store: shared(), hashTokens: true })],
    ['lazy', () => ({ store: shared(), lazy: true })],
    ['asyncLocalStorage', () => ({ store: shared(), asyncLocalStorage: true })],
  ]
  const actions = {
    '/put': (ctx: Context, sessions: { update: (change: (data: object) => unknown, ctx: Context) => unknown }) =>
      sessions.update((data) => Object.assign(data, ctx.query), ctx),
  }

  it.each(KINDS)(
    'R72: a held session in %s opens, updates what is there now, and hears of a logout',
    async (_name, options) => {
      const { sessions, visitor } = createSessionApp(
        { recheckEvery: NEVER, ...options() },
        {
          ...actions,
          '/end': (ctx, verbs) => verbs.destroy(ctx),
        },
      )
      const ann = visitor()
      await ann.get('/put?n=1')
      const held = await hold(sessions, ann)
      await ann.get('/put?m=1')
      expect(await held.update((session) => Object.assign(session, { late: 1 }))).toEqual({ n: '1', m: '1', late: 1 })
      await ann.get('/end')
      expect(await endOf(held.signal)).toBe('The session was ended.')
      expect(await held.update((session) => Object.assign(session, { late: 1 }))).toBeNull()
    },
  )

  it("R72: two services on one store hear of each other's held sessions without a bus", async () => {
    const store = new MemoryStore()
    const [one, other] = [0, 1].map(() => createSessionApp({ store, recheckEvery: NEVER }))
    const ann = one.visitor()
    await ann.get('/set?n=1')
    const held = await hold(other.sessions, ann)
    await ann.get('/logout')
    expect(await endOf(held.signal)).toBe('The session was ended.')
  })

  it('R72: open() asks "valid", with a context of the request', async () => {
    const asked: [string, string][] = []
    const valid = (ctx: Context, record: Record<string, unknown>) => {
      asked.push([ctx.get('user-agent'), ctx.path])
      return record.user !== 'banned'
    }
    const { sessions, visitor } = createSessionApp({ store: new MemoryStore(), valid })
    for (const user of ['ann', 'banned']) {
      const jar = visitor().jar
      await visitor(jar).get(`/set?user=${user}`)
      asked.length = 0
      const headers = { Cookie: jar.header, 'User-Agent': 'a job' }
      expect((await sessions.open({ headers })) !== undefined).toBe(user === 'ann')
      expect((await sessions.open({ headers: new Headers(headers) })) !== undefined).toBe(user === 'ann')
      expect(asked).toEqual([
        ['a job', '/'],
        ['a job', '/'],
      ])
    }
  })

  it('R72: open() on a store that is down is an error, or no session where "onStoreError" says so', async () => {
    for (const onStoreError of ['throw', 'anonymous'] as const) {
      const store = new MemoryStore()
      const { sessions, visitor } = createSessionApp({ store, onStoreError })
      const ann = visitor()
      await ann.get('/set?n=1')
      jest.spyOn(store, 'read').mockImplementation(() => {
        throw new Error('down')
      })
      const opening = sessions.open({ headers: { cookie: ann.jar.header } })
      if (onStoreError === 'throw')
        await expect(opening).rejects.toMatchObject({ code: 'ERR_SESSION_STORE', status: 503 })
      else expect(await opening).toBeUndefined()
    }
  })

  it('R38: open() refuses what is no request, and the service what is no bus and no time', async () => {
    const { sessions } = createSessionApp({ store: new MemoryStore() })
    for (const nothing of [undefined, null, {}, { headers: 5 }, 'cookie']) {
      await expect(sessions.open(nothing as never)).rejects.toMatchObject({ code: 'ERR_SESSION_BAD_VALUE' })
    }
    const refused = (options: object) => () => createSessionApp(options)
    expect(refused({ store: new MemoryStore(), bus: {} })).toThrow(
      'takes an object with the methods publish and subscribe',
    )
    expect(refused({ bus: { publish: () => undefined, subscribe: () => () => undefined } })).toThrow('Add a "store"')
    expect(refused({ store: new MemoryStore(), recheckEvery: 0 })).toThrow('"recheckEvery" takes a positive number')
  })
})

describe('a session in its cookie', () => {
  const KINDS: [string, SessionOptions][] = [
    ['signed', { maxAge: HOUR }],
    ['sealed', { maxAge: HOUR, codec: sealed({ keys: SEALING_KEYS }) }],
  ]

  it.each(KINDS)('R72: a held session in %s can be read, and its signal knows its time', async (_name, options) => {
    const { held, pass } = await open(options)
    expect(held.data).toEqual({ n: '1' })
    expect(held.id).toBeUndefined()
    await pass(HOUR - 1)
    expect(held.signal.aborted).toBe(false)
    await pass(200)
    expect(await endOf(held.signal)).toMatch('time of the session')
  })

  it.each(KINDS)(
    'R72: a held session in %s cannot be changed, which is an error that says why',
    async (_name, options) => {
      const { held, ann } = await open(options)
      const before = ann.jar.header
      for (const verb of [() => held.update(() => undefined), () => held.touch(), () => held.destroy()]) {
        await expect(verb()).rejects.toMatchObject({ code: 'ERR_SESSION_READ_ONLY' })
        await expect(verb()).rejects.toThrow('only a response can change a cookie')
      }
      expect(ann.jar.header).toBe(before)
      held.release()
    },
  )

  it('R72: the signal of a request whose session rests in its cookie is aborted by its own logout, and at its time', async () => {
    const signals: AbortSignal[] = []
    const { ann } = await open({ maxAge: HOUR })
    const { visitor } = createSessionApp(
      { maxAge: HOUR },
      {
        '/stream': async (ctx, sessions) => {
          const signal = await sessions.signal(ctx)
          signals.push(signal)
          if (ctx.query.logout) await sessions.destroy(ctx)
          else await jest.advanceTimersByTimeAsync(HOUR + 200)
          return endOf(signal)
        },
      },
    )
    expect((await visitor(ann.jar.copy()).get('/stream?logout=1')).body).toBe('The session was ended.')
    expect((await visitor(ann.jar.copy()).get('/stream')).body).toMatch('time of the session')
  })
})

describe('hostile cookies', () => {
  const LONG = 'x'.repeat(5000)
  const HOSTILE = [
    'koa.sess=',
    'koa.sess=%00%ff',
    'koa.sess=__proto__',
    'koa.sess=../../etc/passwd',
    `koa.sess=${LONG}`,
    `koa.sess=id~${'A'.repeat(32)}`,
    'koa.sess=eyJfX3Byb3RvX18iOnt9fQ==; koa.sess.sig=nothing',
    'koa.sess=bm9uc2Vuc2U=',
    Array.from({ length: 50 }, (_, index) => `koa.sess=${index}`).join('; '),
    ';;;===',
    '\u0000',
  ]
  const KINDS: [string, () => SessionOptions][] = [
    ['a store', () => ({ store: new MemoryStore() })],
    ['a store with secrets', () => ({ store: new MemoryStore(), hashTokens: true })],
    ['a cookie', () => ({})],
    ['an unsigned cookie', () => ({ signed: false })],
    ['a sealed cookie', () => ({ codec: sealed({ keys: SEALING_KEYS }) })],
    [
      'a "decode" that fails',
      () => ({
        signed: false,
        decode: () => {
          throw new RangeError('not mine')
        },
      }),
    ],
  ]

  it.each(KINDS)('R72: R29: hostile cookies open no session and are no error: %s', async (_name, options) => {
    const { sessions } = createSessionApp(options())
    for (const cookie of HOSTILE) expect(await sessions.open({ headers: { cookie } })).toBeUndefined()
    for (const cookie of [undefined, 5, ['a', 'b'], {}]) {
      expect(await sessions.open({ headers: { cookie } as never })).toBeUndefined()
    }
  })
})
