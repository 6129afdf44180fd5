import type { Context } from 'koa'
import { SessionError } from 'koa-session-service'
import { BACKENDS } from '../../support/backends/backends'
import { freshSession } from '../../support/app/fresh-session'
import { createApp, Visitor } from '../../support/app/app'
import { createSessionApp } from '../../support/app/session-app'
import { nextTurn } from '../../support/app/site'

type Putter = (session: Record<string, unknown>) => void

/** Values that no JSON carries, and one that throws when it is looked at. */
const VALUES: Record<string, Putter> = {
  'a BigInt': (session) => (session.odd = 1n),
  'a cycle': (session) => {
    const cycle: Record<string, unknown> = {}
    session.odd = cycle.itself = cycle
  },
  'a getter that throws': (session) =>
    Object.defineProperty(session, 'odd', {
      enumerable: true,
      configurable: true,
      get: () => {
        throw new Error('looked at')
      },
    }),
  'a toJSON that throws': (session) =>
    (session.odd = {
      toJSON: () => {
        throw new Error('asked')
      },
    }),
}

/** The warnings of the process while `work` runs. What would end it fails the test in which it happens, by jest itself. */
async function warningsOf(work: () => Promise<unknown>): Promise<string[]> {
  const warnings: string[] = []
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation((text) => void warnings.push(String(text)))
  await work()
  for (let turn = 0; turn < 5; turn++) await nextTurn()
  warn.mockRestore()
  return warnings
}

describe.each(BACKENDS)('odd values: $name', ({ options }) => {
  it.each(Object.entries(VALUES))(
    'R58: %s that is put in late causes a warning, and ends nothing',
    async (_what, put) => {
      const app = createApp()
      let session!: Record<string, unknown>
      app.use(async (_ctx, next) => {
        await next()
        put(session)
      })
      app.use(freshSession()(options(), app))
      app.use(async (ctx) => {
        session = ctx.session
        session.cart = 'tea'
        ctx.body = 'ok'
      })
      let status = 0
      const warnings = await warningsOf(async () => ({ status } = await new Visitor(app).get('/')))
      expect(status).toBe(200)
      expect(warnings).toEqual([expect.stringContaining('was changed after it was committed')])
    },
  )

  it.each(Object.entries(VALUES))('R58: %s that is put in in time fails the request alone', async (_what, put) => {
    const { app, visitor } = createSessionApp(options(), { '/odd': (ctx) => put(ctx.session) })
    const errors: unknown[] = []
    app.on('error', (error) => errors.push(error))
    const ann = visitor()
    await ann.get('/set?cart=tea')
    await warningsOf(async () => expect((await ann.get('/odd')).status).toBe(500))
    expect(errors).toHaveLength(1)
    expect((await ann.get('/')).json()).toEqual({ cart: 'tea' })
  })
})

/** A copy as lodash's `cloneDeep` makes it: the same prototype, and every own enumerable key. */
function cloneDeep<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  const copy = Object.create(Object.getPrototypeOf(value) as object) as Record<string, unknown>
  for (const [key, inner] of Object.entries(value)) copy[key] = cloneDeep(inner)
  return copy as T
}

const STAND_INS: Record<string, (session: Context['session']) => unknown> = {
  'a proxy': (session) => new Proxy(session, {}),
  'an object that inherits from it': (session) => Object.create(session) as unknown,
  'a deep clone': (session) => cloneDeep(session),
  'a spread copy': (session) => ({ ...session }),
  'a structuredClone of its data': (session) => structuredClone(session.toJSON()),
}
const USES: Record<string, (stand: Context['session']) => unknown> = {
  'reads a key': (stand) => stand.cart,
  'reads isNew': (stand) => stand.isNew,
  'reads maxAge': (stand) => stand.maxAge,
  'reads externalKey': (stand) => stand.externalKey,
  'lists the data': (stand) => JSON.stringify(stand),
  'sets a key': (stand) => (stand.size = 'big'),
  saves: (stand) => stand.save?.(),
  'sets maxAge': (stand) => (stand.maxAge = 60_000),
  'takes its place': (stand) => stand,
}
const PAIRS = Object.entries(STAND_INS).flatMap(([what, make]) =>
  Object.entries(USES).map(([use, run]) => ({ what, make, use, run })),
)

describe.each(BACKENDS)('stand-ins: $name', ({ options }) => {
  it.each(PAIRS)('R58: $what that $use works, or fails with a code', async ({ make, use, run }) => {
    let outcome: unknown = 'never used'
    const { visitor } = createSessionApp(options(), {
      '/use': async (ctx) => {
        const stand = make(ctx.session) as Context['session']
        try {
          outcome = await Promise.resolve(run(stand))
          if (use === 'takes its place') ctx.session = stand
        } catch (error) {
          outcome = error
        }
      },
    })
    const ann = visitor()
    await ann.get('/set?cart=tea')
    expect((await ann.get('/use')).status).toBe(200)
    if (outcome instanceof Error) {
      expect(outcome).toBeInstanceOf(SessionError)
      expect((outcome as SessionError).code).toMatch(/^ERR_SESSION_/)
    }
    const shown = (await ann.get('/')).json<Record<string, unknown>>()
    expect(shown.cart).toBe('tea')
    expect(Object.keys(shown).every((key) => ['cart', 'size'].includes(key))).toBe(true)
  })

  it("R58: the session's save, taken as data by itself, fails with a code, and __proto__ is no data", async () => {
    const codes: unknown[] = []
    const { visitor } = createSessionApp(options(), {
      '/use': async (ctx) => {
        const { save } = ctx.session
        await Promise.resolve()
          .then(() => save())
          .catch(({ code }: { code: string }) => codes.push(code))
        const session = ctx.session as unknown as Record<string, unknown>
        session['__proto__'] = { polluted: true }
        return { polluted: session.polluted === true, own: Object.keys(session), plain: 'polluted' in {} }
      },
    })
    const ann = visitor()
    await ann.get('/set?cart=tea')
    expect((await ann.get('/use')).json()).toEqual({ polluted: false, own: ['cart'], plain: false })
    expect(codes).toEqual(['ERR_SESSION_BAD_VALUE'])
    expect((await ann.get('/')).json()).toEqual({ cart: 'tea' })
  })
})
