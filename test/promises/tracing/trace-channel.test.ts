import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { MemoryStore, sealed, SessionError, type SessionOptions, type Store } from 'koa-session-service'
import { Tracer } from '../../../src/request/tracing/tracer'
import { BACKENDS, backendsWith, PlainStore, SEALING_KEYS } from '../../support/backends/backends'
import { createSite, nextTurn, type Handlers, type Site } from '../../support/app/site'
import { spyOnMemory } from '../../support/spies/spy-on'
import { OPERATIONS, TraceListener } from './listener'

const SECRET = 'what-only-the-visitor-knows'
const HANDLERS: Handlers = {
  '/login': (ctx) => (ctx.session.user = SECRET),
  '/read': (ctx) => ctx.session.user,
  '/change': (ctx) => (ctx.session.theme = `dark ${SECRET}`),
  '/regenerate': (ctx) => ctx.session.regenerate(),
  '/logout': (ctx) => (ctx.session = null),
  '/plain': () => undefined,
  '/late': async (ctx) => {
    ctx.respond = false
    ctx.status = 200
    ctx.res.flushHeaders()
    ctx.session.theme = 'late'
    await nextTurn()
    setTimeout(() => ctx.res.end(), 5)
  },
}

let listener: TraceListener

beforeEach(() => {
  listener = new TraceListener()
})
afterEach(() => {
  listener.stop()
  jest.restoreAllMocks()
})

/** A site whose visitor has signed in; what was traced of that is forgotten. */
async function signedIn(options: SessionOptions, handlers: Handlers = {}): Promise<Site> {
  const site = createSite(options, { ...HANDLERS, ...handlers })
  await site.visitor.get('/login')
  listener.traces()
  return site
}

async function outcomesOf({ visitor }: Site, path: string): Promise<string[]> {
  await visitor.get(path)
  return listener.outcomes()
}

/** A class that has no name, and one that is bound by a proxy, are told as such. */
const STORE_NAMES: Record<string, string> = {
  MemoryStore: 'MemoryStore',
  'plain store': 'PlainStore',
  ContextStore: 'unnamed',
  'conditional store without touch': 'bound MemoryStore',
}

describe.each(backendsWith({ hasIds: true }))('traces, $name', ({ name, options, isConditional }) => {
  it('R76: a request is traced from its load to its commit, with every call of the store', async () => {
    const site = await signedIn(options())
    expect(await outcomesOf(site, '/read')).toEqual(['load found', 'store read found', 'commit unchanged'])
    expect(await outcomesOf(site, '/change')).toEqual([
      'load found',
      'store read found',
      'commit written',
      'store write written',
    ])
    const rotated = isConditional ? [] : ['store destroy removed']
    expect(await outcomesOf(site, '/regenerate')).toEqual([
      'load found',
      'store read found',
      'regenerate written',
      'store write written',
      ...rotated,
      'commit unchanged',
    ])
    expect(await outcomesOf(site, '/logout')).toEqual([
      'load found',
      'store read found',
      'destroy ended',
      'store destroy removed',
    ])
    expect(await outcomesOf(site, '/read')).toEqual(['load none', 'commit unchanged'])
    expect(await outcomesOf(site, '/logout')).toEqual(['load none', 'destroy none'])
  })

  it('R76: a renewal is traced as no write of data', async () => {
    const site = await signedIn({ ...options(), rolling: true })
    expect(await outcomesOf(site, '/plain')).toContain('store renew written')
  })

  it.each([
    ['missed', {}, (site: Site) => site.visitor.jar.values.set('koa.sess', 'an-id-that-nobody-has')],
    ['invalid', { valid: () => false }, () => undefined],
  ])('R76: the reason why a session is not accepted is traced: %s', async (outcome, more, prepare) => {
    const site = await signedIn({ ...options(), ...more, signed: false })
    prepare(site)
    expect((await outcomesOf(site, '/read'))[0]).toBe(`load ${outcome}`)
  })

  it('R76: the fingerprint in a trace is that of events and logs, and the name that of the store', async () => {
    const site = await signedIn(
      { ...options(), signed: false, key: 'shop', property: 'visit' },
      {
        '/login': (ctx) => ((ctx as unknown as { visit: { user: string } }).visit.user = 'ann'),
      },
    )
    const id = site.visitor.jar.values.get('shop') ?? ''
    const session = createHash('sha256').update(`handle ${id}`).digest('base64url').slice(0, 8)
    await site.visitor.get('/plain')
    const traces = listener.traces()
    expect(traces.length).toBeGreaterThan(1)
    for (const trace of traces) {
      expect(trace).toMatchObject({ session, service: 'visit', cookie: 'shop' })
      expect(trace.store).toBe(STORE_NAMES[name])
    }
  })
})

describe.each(backendsWith({ hasIds: false }))('traces, $name', ({ options }) => {
  it('R76: a session in its cookie is traced, and its length is that of the value', async () => {
    const site = createSite(options(), HANDLERS)
    await site.visitor.get('/login')
    const value = site.visitor.jar.values.get('koa.sess') ?? ''
    await site.visitor.get('/read')
    await site.visitor.get('/logout')
    expect(listener.traces()).toMatchObject([
      { operation: 'load', outcome: 'none', store: 'cookie', session: 'none', bytes: 0 },
      { operation: 'commit', outcome: 'written', store: 'cookie', bytes: value.length, attempts: 1 },
      { operation: 'load', outcome: 'found', bytes: value.length },
      { operation: 'commit', outcome: 'unchanged', bytes: 0, attempts: 0 },
      { operation: 'destroy', outcome: 'ended' },
    ])
  })
})

describe.each(BACKENDS)('traces, $name', ({ options }) => {
  it('R76: one object goes through all stages of a trace, and its outcome is there when it ends', async () => {
    const site = createSite(options(), HANDLERS)
    for (const path of ['/login', '/change', '/regenerate', '/logout']) await site.visitor.get(path)
    const heard = [...listener.heard]
    for (const trace of listener.traces()) {
      const stages = heard.filter((each) => each.trace === trace)
      const names = stages.map(({ stage }) => stage)
      const isAsync = names.includes('asyncEnd')
      expect(names).toEqual(isAsync ? ['start', 'end', 'asyncStart', 'asyncEnd'] : ['start', 'end'])
      const outcomes = stages.map(({ then }) => then.outcome)
      expect(outcomes.slice(0, isAsync ? 2 : 1).every((outcome) => outcome === undefined)).toBe(true)
      expect(outcomes.at(-1)).toEqual(expect.any(String))
    }
  })

  it('R76, R41: no trace holds an id, a token or data', async () => {
    const site = createSite(
      { ...options(), signed: false, rolling: true },
      {
        ...HANDLERS,
        '/bigint': (ctx) => (ctx.session.big = { [SECRET]: 1n }),
      },
    )
    const tokens = new Set<string>()
    for (const path of ['/login', '/change', '/regenerate', '/read', '/late', '/bigint', '/logout', '/read']) {
      await site.visitor.get(path)
      tokens.add(site.visitor.jar.values.get('koa.sess') ?? SECRET)
    }
    await nextTurn()
    const told = inspect(listener.heard, { depth: 8, showHidden: true })
    expect(listener.heard.length).toBeGreaterThan(20)
    expect(tokens.size).toBeGreaterThan(1)
    for (const secret of [SECRET, ...tokens, ...[...tokens].map((token) => token.split('~')[0])]) {
      expect(told.includes(secret) ? secret : '').toBe('')
    }
  })

  it('R76: nothing is made for tracing where nobody listens', async () => {
    listener.stop()
    const made = ['trace', 'traceCall'].map((method) => jest.spyOn(Tracer.prototype, method as 'trace'))
    const site = createSite(options(), HANDLERS)
    for (const path of ['/login', '/change', '/regenerate', '/logout']) await site.visitor.get(path)
    for (const spy of made) expect(spy).not.toHaveBeenCalled()
    expect(listener.heard).toEqual([])
  })

  it.each(OPERATIONS)('R76: a listener to %s alone hears that alone', async (operation) => {
    listener.stop()
    listener = new TraceListener([operation])
    const site = createSite(options(), HANDLERS)
    for (const path of ['/login', '/change', '/regenerate', '/logout']) await site.visitor.get(path)
    const heard = new Set(listener.heard.map(({ trace }) => trace.operation))
    expect([...heard]).toEqual(operation === 'store' && !options().store && !options().ContextStore ? [] : [operation])
  })
})

describe('traces of trouble', () => {
  const failing = (instead: () => unknown): Store => {
    const { store, fail } = spyOnMemory()
    fail(instead)
    return store
  }

  it('R76: an error of the store is traced without what the driver put into it', async () => {
    const error = Object.assign(new Error(`syntax error at '${SECRET}'`), { command: { args: [SECRET] } })
    const site = createSite({ store: failing(() => Promise.reject(error)), signed: false }, HANDLERS)
    site.visitor.jar.values.set('koa.sess', SECRET)
    expect((await site.visitor.get('/read')).status).toBe(503)
    const heard = [...listener.heard]
    const [load, store] = listener.traces()
    expect([load, store]).toMatchObject([
      { operation: 'load', outcome: 'failed' },
      { operation: 'store', method: 'read', outcome: 'failed' },
    ])
    expect(load.error).toBeInstanceOf(SessionError)
    expect(heard.map(({ stage, trace }) => `${trace.operation} ${stage}`)).toEqual([
      'load start',
      'store start',
      'store end',
      'load end',
      'store error',
      'store asyncStart',
      'store asyncEnd',
      'load error',
      'load asyncStart',
      'load asyncEnd',
    ])
    expect(inspect(heard, { depth: 8, showHidden: true })).not.toContain(SECRET)
  })

  it('R76: an answer of the store that is late is traced as a timeout', async () => {
    const site = createSite(
      { store: failing(() => new Promise(() => undefined)), storeTimeout: 20, signed: false },
      HANDLERS,
    )
    site.visitor.jar.values.set('koa.sess', 'an-id')
    expect(await outcomesOf(site, '/read')).toEqual(['load timeout', 'store read timeout'])
  })

  it('R76: an error that is no session error is traced without what it quotes', async () => {
    const site = await signedIn({}, { '/read': (ctx) => ctx.session.user })
    const options = { valid: () => Promise.reject(new TypeError(`no '${SECRET}'`)) }
    const other = createSite(options, HANDLERS)
    other.visitor.jar.accept([...site.visitor.jar.values].map(([name, value]) => `${name}=${value}`))
    await other.visitor.get('/read')
    const [load] = listener.traces()
    expect(load).toMatchObject({ operation: 'load', outcome: 'failed', error: { name: 'TypeError' } })
    expect(inspect(load)).not.toContain(SECRET)
  })

  it('R76: a conflict is traced as one more attempt, and one of update() as "again"', async () => {
    const site: Site = await signedIn(
      { store: new MemoryStore() },
      {
        '/slow': async (ctx) => {
          ctx.session.mine = 1
          await site.visitor.get('/change')
          listener.traces()
        },
        '/update': async (ctx) => {
          let isFirst = true
          await site.sessions.update(async (data) => {
            data.mine = 2
            if (isFirst) await site.visitor.get('/login?again').then(() => site.visitor.get('/theme'))
            isFirst = false
          }, ctx)
        },
        '/theme': (ctx) => (ctx.session.theme = Math.random()),
      },
    )
    await site.visitor.get('/slow')
    expect(listener.traces().find(({ operation }) => operation === 'commit')).toMatchObject({
      outcome: 'written',
      attempts: 2,
    })
    await site.visitor.get('/update')
    const commits = listener.traces().filter(({ operation }) => operation === 'commit')
    expect(commits.map(({ outcome }) => outcome)).toContain('again')
  })

  it('R76: a session that is gone is told in its trace', async () => {
    const site: Site = await signedIn(
      { store: new MemoryStore() },
      {
        '/slow': async (ctx) => {
          ctx.session.mine = 1
          await site.visitor.get('/logout')
          listener.traces()
        },
      },
    )
    await site.visitor.get('/slow')
    expect(listener.traces().find(({ operation }) => operation === 'commit')).toMatchObject({ outcome: 'gone' })
  })

  it.each([
    ['data', 'a signed cookie', {}],
    ['renewal', 'a plain store', { store: new PlainStore() }],
    ['data', 'a sealed cookie', { codec: sealed({ keys: SEALING_KEYS }) }],
  ])('R76: the %s that the client did not get is traced, with %s', async (lost, _what, options) => {
    const site = await signedIn(options)
    await site.visitor.get('/late')
    await nextTurn()
    expect(listener.traces().find(({ operation }) => operation === 'commit')).toMatchObject({
      outcome: 'written',
      lost,
    })
  })
})

describe('Node 20 before 20.13', () => {
  it('R76: a tracing channel that cannot tell its subscribers is asked stage by stage', async () => {
    jest.resetModules()
    const real = jest.requireActual<typeof import('node:diagnostics_channel')>('node:diagnostics_channel')
    jest.doMock('node:diagnostics_channel', () => ({
      ...real,
      tracingChannel: (name: string) => {
        const stages = ['start', 'end', 'asyncStart', 'asyncEnd', 'error']
        return Object.fromEntries(stages.map((stage) => [stage, real.channel(`tracing:old:${name}:${stage}`)]))
      },
    }))
    const { isTraced, CHANNELS } =
      jest.requireActual<typeof import('../../../src/base/tracing')>('../../../src/base/tracing')
    jest.dontMock('node:diagnostics_channel')
    expect(isTraced()).toBe(false)
    const listen = (): void => undefined
    CHANNELS.destroy.error.subscribe(listen)
    expect([isTraced(), CHANNELS.destroy.hasSubscribers, CHANNELS.load.hasSubscribers]).toEqual([true, true, false])
    CHANNELS.destroy.error.unsubscribe(listen)
    expect(isTraced()).toBe(false)
  })
})
