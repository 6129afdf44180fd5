import { hardened, type SessionOptions } from 'koa-session-service'
import { startClock, stopClock } from '../../support/clock'
import { BACKENDS, backendsWith, SEALING_KEYS } from '../../support/backends/backends'
import { createSessionApp, type Action } from '../../support/app/session-app'

/** How long a token that was rotated away counts as one of a request under way, in milliseconds. */
const LATE_MS = 10_000

const owner: SessionOptions['owner'] = ({ user }) => user as string | undefined

/** Ways to take everything out of a session, and its owner with it. */
const WAYS: Record<string, Action> = {
  'delete ctx.session.user': (ctx) => delete ctx.session.user,
  'ctx.session = {}': (ctx) => {
    ctx.session = {}
  },
  'an update() that deletes': (ctx, sessions) => sessions.update((data) => delete data.user, ctx),
  'delete and touch()': (ctx, sessions) => {
    delete ctx.session.user
    return sessions.touch(ctx)
  },
  'delete and save()': (ctx) => {
    delete ctx.session.user
    return ctx.session.save()
  },
  'undefined for the owner': (ctx) => {
    ctx.session.user = undefined
  },
  'regenerate({ keepData: false })': (ctx, sessions) => sessions.regenerate({ keepData: false }, ctx),
  'delete and regenerate()': (ctx) => {
    delete ctx.session.user
    return ctx.session.regenerate()
  },
  'null and an empty session': (ctx) => {
    ctx.session = null
    ctx.session = {}
  },
}

const PRESETS: [string, (options: SessionOptions) => SessionOptions][] = [
  ['plain', (options) => options],
  // Over plain HTTP, so that every backend can be visited in the same way.
  ['hardened', (options) => hardened({ ...options, keys: SEALING_KEYS, key: 'koa.sess', secure: false })],
  ['rolling', (options) => ({ ...options, rolling: true })],
  ['lazy', (options) => ({ ...options, lazy: true })],
]
const WAYS_AND_PRESETS = PRESETS.flatMap(([preset, apply]) => Object.keys(WAYS).map((way) => ({ way, preset, apply })))

/** An app where `/empty` empties the session; with `lazy`, a session is loaded before it is used. */
function serve(options: SessionOptions, way: string) {
  return createSessionApp(
    { ...options, owner },
    {
      '/': async (ctx, sessions) => (await sessions.load(ctx)) ?? '',
      '/set': async (ctx, sessions) => void Object.assign((await sessions.load(ctx)) ?? {}, ctx.query),
      '/empty': async (ctx, sessions) => {
        await sessions.load(ctx)
        await WAYS[way](ctx, sessions)
        return 'emptied'
      },
    },
  )
}

afterEach(startClock)

describe.each(BACKENDS)('emptied sessions: $name', ({ options }) => {
  it.each(WAYS_AND_PRESETS)('R34: emptying a session by $way signs out ($preset)', async ({ way, apply }) => {
    const ann = serve(apply(options()), way).visitor()
    await ann.get('/set?user=ann')
    expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
    const { status, body } = await ann.get('/empty')
    expect({ status, body }).toEqual({ status: 200, body: 'emptied' })
    expect((await ann.get('/')).json()).toEqual({})
  })
})

describe.each(backendsWith({ hasIds: true }))('emptied sessions: $name', ({ options }) => {
  it.each(WAYS_AND_PRESETS)('R34: the old token is dead after $way ($preset)', async ({ way, apply }) => {
    const clock = stopClock()
    const { visitor } = serve(apply(options()), way)
    const ann = visitor()
    await ann.get('/set?user=ann')
    const old = ann.jar.copy()
    await ann.get('/empty')
    expect((await visitor(old.copy()).get('/')).json()).toEqual({})
    await visitor(old.copy()).get('/set?late=change')
    expect((await ann.get('/')).json()).toEqual({})
    clock.advance(LATE_MS)
    expect((await visitor(old.copy()).get('/')).json()).toEqual({})
  })

  it.each(PRESETS)('R34: a sign-in after an emptied session is a session of its own (%s)', async (_name, apply) => {
    const { visitor } = serve(apply(options()), 'ctx.session = {}')
    const ann = visitor()
    await ann.get('/set?user=ann')
    await ann.get('/empty')
    const signedOut = ann.jar.copy()
    await ann.get('/set?user=bea')
    expect((await ann.get('/')).json()).toEqual({ user: 'bea' })
    expect((await visitor(signedOut).get('/')).json()).toEqual({})
  })
})

describe.each(BACKENDS)('owners: $name', ({ options }) => {
  it.each([[{}], [['ann']], [true], [Symbol('ann')]])('R34: an owner that is %p is refused', async (account) => {
    const served = createSessionApp({ ...options(), owner: ({ user }) => (user ? (account as string) : undefined) })
    const codes: unknown[] = []
    served.app.on('error', (error: { code?: string }) => codes.push(error.code))
    const visitor = served.visitor()
    const { status, setCookie } = await visitor.get('/set?user=ann')
    expect({ status, setCookie, codes }).toEqual({ status: 500, setCookie: [], codes: ['ERR_SESSION_BAD_VALUE'] })
    expect((await visitor.get('/')).json()).toEqual({})
  })
})
