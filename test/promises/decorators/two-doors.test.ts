import 'reflect-metadata'
import type Koa from 'koa'
import { MemoryStore, session as middleware, SessionError, SessionService } from 'koa-session-service'
import { deviceBound } from 'koa-session-service/dbsc'
import { session, type SessionRequirements } from 'koa-session-service/decorators'
import { Session, SessionParam } from 'koa-session-service/routing-controllers'
import { Get, JsonController, useKoaServer } from 'routing-controllers'
import { createApp } from '../../support/app/app'
import { BoundBrowser, LONG_KEYS, offeredIn, type Account } from '../../support/device/bound-site'
import { startClock, stopClock } from '../../support/clock'
import { SoftwareDevice } from '../../support/device/software-device'
import { thrownBy } from '../../support/thrown-by'

type Requirements = SessionRequirements<never>
type Door = (requirements: Requirements, key?: string) => new () => { go: (given?: unknown) => Promise<unknown> }

const MINUTE = 60_000
const IN = [200, undefined]
const REQUIRED = [401, 'ERR_SESSION_REQUIRED']
const NOT_FRESH = [403, 'ERR_SESSION_NOT_FRESH']
const NOT_BOUND = [403, 'ERR_SESSION_NOT_BOUND']

/** Each way to require something of the session, or of the value of a key. */
const DOORS: Record<string, Door> = {
  '@session on a method': (requirements, key) => {
    class Guarded {
      @decorate(requirements, key)
      async go() {
        return {}
      }
    }
    return Guarded
  },
  '@session on an accessor': (requirements, key) => {
    class Accessing {
      @decorate(requirements, key) declare value: unknown

      async go() {
        void this.value
        return {}
      }
    }
    return Accessing
  },
  '@Session() and @SessionParam()': (requirements, key) => {
    class Injected {
      async go(@inject(requirements, key) _given: unknown) {
        return {}
      }
    }
    return Injected
  },
}

function decorate(requirements: Requirements, key: string | undefined) {
  return key === undefined ? session(requirements as object) : session(key, requirements as object)
}

function inject(requirements: Requirements, key: string | undefined): ParameterDecorator {
  return key === undefined ? Session(requirements as object) : SessionParam(key, requirements as object)
}

/** Who comes, in the order of the columns below. */
const VISITORS = {
  nobody: [],
  'a cart': ['/cart'],
  'signed in': ['/login'],
  'long ago': ['/login', '/later'],
  'by key': ['/login', '/later', '/confirm'],
  bound: ['/login', 'register'],
} satisfies Record<string, string[]>

const isAnn = (given: unknown): boolean => given === 'ann' || (given as Account).userId === 'ann'

const TABLE: [name: string, requirements: Requirements, key: string | undefined, ...expected: unknown[][]][] = [
  ['nothing', {}, undefined, IN, IN, IN, IN, IN, IN],
  ['required', { required: true }, undefined, REQUIRED, IN, IN, IN, IN, IN],
  ['required: false', { required: false }, undefined, IN, IN, IN, IN, IN, IN],
  ['a predicate', { required: isAnn }, undefined, REQUIRED, REQUIRED, IN, IN, IN, IN],
  ['nobody', { required: () => false }, undefined, ...Array<unknown[]>(6).fill(REQUIRED)],
  ['a key', { required: true }, 'userId', REQUIRED, REQUIRED, IN, IN, IN, IN],
  ['a predicate of a key', { required: isAnn }, 'userId', REQUIRED, REQUIRED, IN, IN, IN, IN],
  ['fresh', { fresh: 5 * MINUTE }, undefined, REQUIRED, NOT_FRESH, IN, NOT_FRESH, IN, IN],
  [
    'fresh, not required',
    { fresh: 5 * MINUTE, required: false },
    undefined,
    REQUIRED,
    NOT_FRESH,
    IN,
    NOT_FRESH,
    IN,
    IN,
  ],
  ['within', { fresh: { within: 5 * MINUTE } }, undefined, REQUIRED, NOT_FRESH, IN, NOT_FRESH, IN, IN],
  [
    'fresh by key',
    { fresh: { within: 5 * MINUTE, method: 'key' } },
    undefined,
    ...[REQUIRED, NOT_FRESH, NOT_FRESH, NOT_FRESH, IN, NOT_FRESH],
  ],
  ['a fresh key of the data', { fresh: 5 * MINUTE }, 'userId', REQUIRED, REQUIRED, IN, NOT_FRESH, IN, IN],
  ['bound', { bound: true }, undefined, NOT_BOUND, NOT_BOUND, NOT_BOUND, NOT_BOUND, NOT_BOUND, IN],
  ['bound: false', { bound: false }, undefined, IN, IN, IN, IN, IN, IN],
  [
    'all of them',
    { required: true, fresh: 5 * MINUTE, bound: true },
    undefined,
    ...[REQUIRED, NOT_FRESH, NOT_BOUND, NOT_FRESH, NOT_BOUND, IN],
  ],
  ['a key of nobody', { required: true }, 'other', ...Array<unknown[]>(6).fill(REQUIRED)],
]

/** One route for each row of the table. */
function appWith(make: Door): Koa {
  const app = createApp()
  app.proxy = true
  const owner = ({ userId }: Account): string | undefined => userId
  const binding = deviceBound({ keys: LONG_KEYS })
  const installed = middleware<Account>({ store: new MemoryStore(), owner, binding, asyncLocalStorage: true }, app)
  app.use(installed)
  app.use(async (ctx, next) => {
    if (ctx.path === '/cart') Object.assign(ctx.session, { item: 'tea' })
    else if (ctx.path === '/login') Object.assign(ctx.session, { userId: 'ann' })
    else if (ctx.path === '/later') clock.advance(10 * MINUTE)
    else if (ctx.path === '/confirm') await installed.sessions.confirm({ method: 'key' }, ctx)
    else await next()
  })
  const controllers = TABLE.map(([, requirements, key], place) => {
    const controller = make(requirements, key)
    Get(`/row-${place}`)(controller.prototype as object, 'go')
    JsonController()(controller)
    return controller
  })
  return useKoaServer(app, { controllers })
}

let clock: ReturnType<typeof stopClock>
beforeEach(() => {
  clock = stopClock()
})
afterEach(startClock)

describe.each(Object.entries(DOORS))('%s', (_door, make) => {
  test.each(Object.entries(VISITORS))(
    'R103: @Session() and @session answer a visitor alike who is or has: %s',
    async (who, steps) => {
      const app = appWith(make)
      const browser = new BoundBrowser(app, new SoftwareDevice())
      let offered = ''
      for (const step of steps) {
        if (step === 'register') await browser.register(browser.device.register(offered))
        else if (step === '/login') offered = offeredIn(await browser.get(step))
        else await browser.get(step)
      }
      const column = 3 + Object.keys(VISITORS).indexOf(who)
      for (const [place, row] of TABLE.entries()) {
        const answer = await browser.get(`/row-${place}`)
        expect([row[0], answer.status, answer.json<{ code?: string }>().code]).toEqual([row[0], ...(row[column] as [])])
      }
    },
  )

  const NOT_THERE = 'which there is not'
  test.each<[options: unknown, told: string]>([
    [{ requird: true }, `the option "requird", ${NOT_THERE}. Did you mean "required"?`],
    [{ Fresh: 1 }, 'Did you mean "fresh"?'],
    [{ boud: true }, 'Did you mean "bound"?'],
    [{ frm: SessionService }, 'Did you mean "from"?'],
    [{ toString: 1 }, `the option "toString", ${NOT_THERE}. It takes "required", "fresh", "bound", "from"`],
    [{ required: 1 }, 'required: 1. It takes a boolean or a function'],
    [{ required: 'yes' }, "required: 'yes'"],
    [{ required: null }, 'required: null'],
    [{ fresh: 0 }, 'fresh: 0. It takes a positive number of milliseconds, or { within, method }'],
    [{ fresh: -1 }, 'fresh: -1'],
    [{ fresh: Number.NaN }, 'fresh: NaN'],
    [{ fresh: '15m' }, "fresh: '15m'"],
    [{ fresh: null }, 'fresh: null'],
    [{ fresh: true }, 'fresh: true'],
    [{ fresh: {} }, 'fresh: {}'],
    [{ fresh: [1] }, 'fresh: [ 1 ]'],
    [{ fresh: { within: 0 } }, 'fresh.within: 0. It takes a positive number of milliseconds'],
    [{ fresh: { within: 1, method: 7 } }, 'fresh.method: 7. It takes a text'],
    [{ fresh: { within: 1, metod: 'key' } }, `"fresh.metod", ${NOT_THERE}. Did you mean "method"?`],
    [{ fresh: { method: 'key' } }, 'fresh: '],
    [{ bound: 1 }, 'bound: 1. It takes a boolean'],
    [{ bound: 'true' }, "bound: 'true'"],
    [{ from: Map }, 'from: [Function: Map]. It takes SessionService, or a class that extends it'],
    [{ from: {} }, 'from: {}'],
    [7, 'an argument of type number'],
    [null, 'an argument of type null'],
    [[], 'a list'],
    [class {}, 'an argument of type function'],
  ])("R103: the decorators' option %p is refused when the class is made: %s", (options, told) => {
    for (const key of [undefined, 'userId']) {
      expect(() => make(options as Requirements, key)).toThrow(SessionError)
      expect(thrownBy(() => make(options as Requirements, key))).toMatchObject({
        code: 'ERR_SESSION_OPTIONS',
        message: expect.stringContaining(told) as string,
      })
    }
  })

  test("R103: the decorators' options that are undefined are not set", () => {
    expect(make({ required: undefined, fresh: undefined, bound: undefined, from: undefined })).toBeInstanceOf(Function)
    expect(make({ fresh: { within: 1, method: undefined } })).toBeInstanceOf(Function)
  })
})

test.each([
  ["@Session('userId')", () => Session('userId' as never), "There is no @Session('userId')."],
  [
    "@Session('userId', {})",
    () => (Session as (...given: unknown[]) => unknown)('userId', {}),
    "@SessionParam('userId')",
  ],
  [
    '@Session without parentheses',
    () => (Session as (...given: unknown[]) => unknown)({}, 'go', 0),
    'Write @Session().',
  ],
  ['@SessionParam()', () => SessionParam(undefined as never), "@SessionParam('userId')"],
  ['@SessionParam({ required: true })', () => SessionParam({ required: true } as never), "@SessionParam('userId')"],
])('R103: a decorator written as %s says what to write', (_what, decorated, cure) => {
  expect(thrownBy(decorated)).toMatchObject({
    code: 'ERR_SESSION_OPTIONS',
    message: expect.stringContaining(cure) as string,
  })
})
