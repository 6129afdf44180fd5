import {
  type CookieFate,
  MemoryStore,
  sealed,
  type SessionExplanation,
  type SessionOptions,
  type WrittenBecause,
} from 'koa-session-service'
import { deviceBound } from 'koa-session-service/dbsc'
import type { Context } from 'koa'
import { Visitor } from '../../support/app/app'
import { BACKENDS, backendsWith, PlainStore, SEALING_KEYS } from '../../support/backends/backends'
import { LONG_KEYS, createBoundSite, offeredIn } from '../../support/device/bound-site'
import { startClock, stopClock } from '../../support/clock'
import { at, explained, HANDLERS } from './explained-site'

const MINUTE = 60_000
const owner: SessionOptions['owner'] = (data) => (data as { user?: string }).user

/** A situation for each word: what it returns is the explanation. */
const SITUATIONS: Record<CookieFate, (clock: ReturnType<typeof stopClock>) => Promise<SessionExplanation>> = {
  accepted: async () => {
    const site = explained({})
    await site.get('/in')
    return site.get()
  },
  'old-key': async () => {
    const site = explained({})
    site.app.keys = ['an older test key']
    await site.get('/in')
    return at(explained({}), site).get()
  },
  unsigned: async () => {
    const site = explained({})
    await site.get('/in')
    site.jar.values.delete('koa.sess.sig')
    return site.get()
  },
  'bad-signature': async () => {
    const site = explained({})
    site.app.keys = ['of another app']
    await site.get('/in')
    return at(explained({}), site).get()
  },
  malformed: () => explained({ codec: sealed({ keys: SEALING_KEYS }) }).get('/', 'koa.sess=nonsense'),
  'piece-missing': async () => {
    const site = explained({ codec: sealed({ keys: SEALING_KEYS }), chunks: 2 })
    await site.get('/in')
    const { value } = /(?<value>c2\.)/.exec(site.jar.header)?.groups ?? {}
    const first = site.jar.values.get('koa.sess')
    return site.get('/', `koa.sess=${value ?? 'c2.'}${first}`)
  },
  'unknown-id': async () => {
    const site = explained({ store: new MemoryStore() })
    await site.get('/in')
    return at(explained({ store: new MemoryStore() }), site).get()
  },
  expired: async (clock) => {
    const site = explained({ maxAge: MINUTE })
    await site.get('/in')
    clock.advance(MINUTE + 1)
    return site.get()
  },
  idle: async (clock) => {
    const site = explained({ idleTimeout: MINUTE, maxAge: 'session' })
    await site.get('/in')
    clock.advance(MINUTE + 1)
    return site.get()
  },
  'too-old': async (clock) => {
    const site = explained({ absoluteTimeout: MINUTE, maxAge: 'session' })
    await site.get('/in')
    clock.advance(MINUTE + 1)
    return site.get()
  },
  'rotated-away': async () => {
    const site = explained({ store: new MemoryStore(), owner })
    await site.get('/in')
    const before = site.jar.header
    await site.get('/regenerate')
    return site.get('/', before)
  },
  'earlier-generation': async () => {
    const site = explained({ store: new MemoryStore() })
    await site.get('/in')
    const before = site.jar.header
    await site.get('/regenerate')
    return site.get('/', before)
  },
  replayed: async (clock) => {
    const site = explained({ store: new MemoryStore(), owner, rotateEvery: MINUTE })
    await site.get('/in')
    await site.get()
    const before = site.jar.header
    clock.advance(MINUTE)
    await site.get()
    await site.get()
    clock.advance(MINUTE)
    return site.get('/', before)
  },
  ended: async () => {
    const site = explained({ ends: { store: new MemoryStore() } })
    await site.get('/in')
    const before = site.jar.header
    await site.get('/out')
    return site.get('/', before)
  },
  'ends-lost': async (clock) => {
    const site = explained({ ends: { store: new MemoryStore() } })
    await site.get('/in')
    clock.advance(MINUTE)
    return at(explained({ ends: { store: new MemoryStore() } }), site).get()
  },
  'unproven-device': unproven,
  invalid: async () => {
    const site = explained({ valid: (ctx) => ctx?.path === '/in' })
    await site.get('/in')
    return site.get()
  },
  'cross-site': async () => {
    const site = explained({ crossSite: 'refuse' })
    await site.get('/in')
    let last: SessionExplanation | undefined
    site.app.on('error', (_error, ctx: Context) => (last = site.sessions.explain(ctx)))
    await new Visitor(site.app, site.jar).post('/', {}, { 'sec-fetch-site': 'cross-site' })
    return last as SessionExplanation
  },
  'store-error': async () => {
    const store = new PlainStore()
    const site = explained({ store })
    await site.get('/in')
    jest.spyOn(store, 'get').mockRejectedValue(new Error('down'))
    return site.get()
  },
  failed: async () => {
    const site = explained({ valid: failAgain })
    await site.get('/in')
    return site.get()
  },
  'passed-over': async () => {
    const site = explained({ signed: false })
    await site.get('/in')
    const told = await site.get('/', `koa.sess=planted; ${site.jar.header}; ${site.jar.header.replace('=', '=behind')}`)
    expect(told.presented.map(({ fate }) => fate)).toEqual(['malformed', 'accepted', 'passed-over'])
    return { ...told, why: told.presented[2].fate }
  },
  'not-asked': async () => {
    const site = explained({})
    await site.get('/in')
    return site.get('/plain')
  },
}

function failAgain(): boolean {
  throw new Error('the database of accounts is down')
}

/** A cookie that was copied from a bound session, and comes after its time. */
async function unproven(clock: ReturnType<typeof stopClock>): Promise<SessionExplanation> {
  const site = createBoundSite({ store: new MemoryStore() })
  let last: SessionExplanation | undefined
  site.app.middleware.unshift(async (ctx, next) => {
    await next()
    last = site.sessions.explain(ctx)
  })
  const ann = site.browser()
  await ann.signIn()
  clock.advance(2 * MINUTE)
  await ann.get('/')
  return last as SessionExplanation
}

afterEach(startClock)

it('R120: explain() says unproven-device for a copy of the cookie from before its session was bound', async () => {
  const clock = stopClock()
  const site = createBoundSite({ store: new MemoryStore() })
  let last: SessionExplanation | undefined
  site.app.middleware.unshift(async (ctx, next) => {
    await next()
    last = site.sessions.explain(ctx)
  })
  const ann = site.browser()
  const offer = offeredIn(await ann.get('/login'))
  const thief = ann.copy()
  await ann.register(ann.device.register(offer))
  clock.advance(11_000)
  await thief.get('/')
  expect(last).toMatchObject({ why: 'unproven-device', presented: [{ fate: 'unproven-device' }], session: 'new' })
})

describe('what became of a cookie', () => {
  it.each(Object.keys(SITUATIONS) as CookieFate[])(
    'R120: explain() says why no session was opened: %s',
    async (word) => {
      expect((await SITUATIONS[word](stopClock())).why).toBe(word)
    },
  )

  it.each(BACKENDS)(
    'R120: explain() calls a session new, loaded, ended, and new again, with $name',
    async ({ options }) => {
      const site = explained(options())
      const told = [await site.get('/in'), await site.get('/more'), await site.get('/out'), await site.get()]
      expect(
        told.map(({ why, session: now, written, told: tells }) => [why, now, written, tells.map((each) => each.does)]),
      ).toEqual([
        ['no-cookie', 'new', 'changed', ['set']],
        ['accepted', 'loaded', 'changed', expect.any(Array)],
        ['accepted', 'ended', 'removed', ['clear']],
        ['no-cookie', 'new', 'nothing', []],
      ])
      expect(told.map(({ error, hint }) => [error, hint])).toEqual(told.map(() => [undefined, undefined]))
    },
  )

  it.each(BACKENDS)('R120: with $name, a session that takes the place of an ended one is new', async ({ options }) => {
    const site = explained(options())
    await site.get('/in')
    expect(await site.get('/another')).toMatchObject({ why: 'accepted', session: 'new', written: 'changed' })
    expect(await site.get('/more')).toMatchObject({ why: 'accepted', session: 'loaded' })
  })

  it.each(backendsWith({ hasIds: true }))(
    'R120: explain() has the fingerprint of events and logs, with $name',
    async ({ options }) => {
      const site = explained(options())
      const { fingerprint, told } = await site.get('/in')
      const { presented } = await site.get()
      expect(fingerprint).toMatch(/^[\w-]{8}$/)
      expect([told[0].fingerprint, presented[0].fingerprint]).toEqual([fingerprint, fingerprint])
    },
  )

  it('R120: explain() tells the attributes of the response, and no value', async () => {
    const site = explained({ sameSite: 'lax', maxAge: 'session' })
    const told = await site.get('/in')
    expect(told.told).toEqual([
      {
        cookie: 'koa.sess',
        does: 'set',
        fingerprint: expect.any(String),
        attributes: ['path=/', 'samesite=lax', 'httponly'],
      },
    ])
    for (const value of site.jar.values.values()) expect(JSON.stringify(told)).not.toContain(value.slice(0, 12))
  })

  it('R120: explain() has no hint where a cookie ends with the browser, and its session before that', async () => {
    expect(await SITUATIONS.idle(stopClock())).toMatchObject({ hint: undefined })
  })

  it('R120: explain() has no hint where the application hands out the id itself', async () => {
    const site = explained({ store: new MemoryStore(), externalKey: { get: () => undefined, set: () => undefined } })
    expect(await site.get('/in')).toMatchObject({ written: 'changed', told: [], hint: undefined })
  })

  it('R120: explain() reads nothing, writes nothing, and tells anew with each call', async () => {
    const store = new PlainStore()
    const site = explained({ store, lazy: true })
    await site.get('/in').catch(() => undefined)
    const calls = ['get', 'set', 'destroy'].map((name) => jest.spyOn(store, name as 'get'))
    const told = await site.get('/plain', 'koa.sess=x; koa.sess.sig=y')
    expect(told).toMatchObject({ session: 'not-asked', written: 'nothing' })
    expect(calls.map(({ mock }) => mock.calls.length)).toEqual([0, 0, 0])
  })

  it('R120: explain() works in front of the middleware, and for a context that has no response', async () => {
    const site = explained({ store: new MemoryStore() })
    const ctx = site.app.createContext({ headers: {}, socket: {}, url: '/' } as never, {} as never)
    expect(site.sessions.explain(ctx)).toMatchObject({ why: 'no-cookie', session: 'not-asked', told: [] })
  })

  it('R120: explain() needs no keys of a binding for a session without its short-lived cookie', async () => {
    const site = explained({ store: new MemoryStore(), owner, binding: deviceBound({ keys: LONG_KEYS }) })
    expect(await site.get('/', 'koa.sess=x')).toMatchObject({ presented: [{ fate: 'unsigned' }] })
  })
})

describe('what was written, and why', () => {
  const WRITTEN: [word: WrittenBecause, options: SessionOptions, path: string][] = [
    ['nothing', {}, '/'],
    ['changed', {}, '/more'],
    ['save', {}, '/save'],
    ['regenerate', {}, '/regenerate'],
    ['confirm', {}, '/confirm'],
    ['touch', {}, '/touch'],
    ['changed', {}, '/touch-more'],
    ['rolling', { rolling: true }, '/'],
    ['forced', {}, '/max-age'],
    ['removed', {}, '/out'],
  ]

  it.each(
    BACKENDS.flatMap(({ name, options }) =>
      WRITTEN.map((row) => ({ name, options, word: row[0], more: row[1], path: row[2] })),
    ),
  )(
    'R120: explain() says of a request with $name to $path that it has written: $word',
    async ({ options, word, more, path }) => {
      const site = explained({ ...options(), ...more })
      await site.get('/in')
      expect((await site.get(path)).written).toBe(word)
    },
  )

  it('R120: explain() says that a session was written as renew, in the second half of its life', async () => {
    const clock = stopClock()
    const site = explained({ renew: true, maxAge: MINUTE })
    await site.get('/in')
    clock.advance(MINUTE / 2 + 1)
    expect((await site.get()).written).toBe('renew')
  })

  it('R120: explain() says that a session was written as seen, once in a while for an owner that is listed', async () => {
    const clock = stopClock()
    const site = explained({ store: new MemoryStore(), owner, seenEvery: MINUTE })
    await site.get('/in')
    expect((await site.get()).written).toBe('nothing')
    clock.advance(MINUTE)
    expect((await site.get()).written).toBe('seen')
  })

  it('R120: explain() says signed where the key is an older one', async () => {
    const told = await SITUATIONS['old-key'](stopClock())
    expect(told).toMatchObject({ written: 'signed', told: [{ does: 'set' }] })
  })

  it('R120: explain() says gone where another request has ended the session meanwhile', async () => {
    const store = new MemoryStore()
    const site = explained({ store })
    await site.get('/in')
    HANDLERS['/meanwhile'] = (ctx) => {
      store.destroy(ctx.session.externalKey as string)
      ctx.session.late = true
    }
    expect(await site.get('/meanwhile')).toMatchObject({ written: 'gone', session: 'ended', told: [] })
  })

  it('R120: explain() says detached where the session that is regenerated has ended meanwhile', async () => {
    const store = new MemoryStore()
    const site = explained({ store, owner })
    await site.get('/in')
    let within: SessionExplanation | undefined
    HANDLERS['/detached'] = async (ctx, sessions) => {
      store.destroy(sessions.id(ctx) as string)
      await ctx.session.regenerate()
      within = sessions.explain(ctx)
    }
    await site.get('/detached')
    expect(within).toMatchObject({ written: 'detached', told: [] })
  })

  it('R120: explain() says cleared where the session that took the place of another one is empty', async () => {
    HANDLERS['/replace'] = (ctx) => {
      ctx.session = null
      ctx.session = {}
    }
    const site = explained({ store: new MemoryStore() })
    await site.get('/in')
    expect(await site.get('/replace')).toMatchObject({ written: 'cleared', told: [{ does: 'clear' }] })
  })

  it('R120: explain() says the code of the error for which nothing could be written', async () => {
    const store = new PlainStore()
    const site = explained({ store })
    await site.get('/in')
    jest.spyOn(store, 'set').mockRejectedValue(new Error('down'))
    expect(await site.get('/more')).toMatchObject({
      error: 'ERR_SESSION_STORE',
      written: 'nothing',
      hint: 'store-error',
    })
  })
})
