import 'reflect-metadata'
import type Koa from 'koa'
import { MemoryStore, type SessionOptions } from 'koa-session-service'
import { Session } from 'koa-session-service/routing-controllers'
import { BadRequestError, Get, JsonController, Post } from 'routing-controllers'
import { KOA_VERSIONS, Visitor } from '../../support/app/app'
import { createServer } from '../../support/app/controllers'
import { BACKENDS } from '../../support/backends/backends'
import { spyOnMemory } from '../../support/spies/spy-on'

let thrown: unknown

@JsonController()
class FailingController {
  @Post('/sync')
  sync(@Session() session: Session) {
    session.views = (session.views ?? 0) + 1
    throw thrown
  }

  @Post('/async')
  async async(@Session() session: Session) {
    session.views = (session.views ?? 0) + 1
    await Promise.resolve()
    throw thrown
  }

  @Post('/count')
  count(@Session() session: Session) {
    session.views = (session.views ?? 0) + 1
    return {}
  }

  @Get('/views')
  views(@Session() session: Session) {
    return { views: session.views ?? 0 }
  }
}

function serve(KoaClass: typeof Koa, session: SessionOptions, defaultErrorHandler = true): Koa {
  return createServer({ KoaClass, session, controllers: [FailingController], defaultErrorHandler })
}

function errorsOf(app: Koa): unknown[] {
  const errors: unknown[] = []
  app.on('error', (error) => errors.push(error))
  return errors
}

const PLAIN_ERRORS = { 'an error': new Error('no'), "routing-controllers' error": new BadRequestError('no') }
const FROZEN_ERRORS = {
  'a frozen error': Object.freeze(new Error('no')),
  "routing-controllers' error, frozen": Object.freeze(new BadRequestError('no')),
}
const NON_ERRORS = { 'a string': 'no', 'a number': 5, 'a frozen object': Object.freeze({ no: true }) }

const SERVERS = Object.entries(KOA_VERSIONS).flatMap(([version, KoaClass]) =>
  BACKENDS.map((backend) => [`${version}, ${backend.name}`, KoaClass, backend] as const),
)

describe.each(SERVERS)('%s', (_name, KoaClass, { options, cookies }) => {
  async function expectCookieAndData(createApp: () => Koa, status: number): Promise<void> {
    for (const path of ['/sync', '/async']) {
      const visitor = new Visitor(createApp())
      const answer = await visitor.post(path)
      expect(answer.status).toBe(status)
      expect(answer.setCookie.map((line) => line.split('=')[0])).toEqual(cookies())
      expect((await visitor.get('/views')).json()).toEqual({ views: 1 })
    }
  }

  test.each(Object.entries({ ...PLAIN_ERRORS, ...FROZEN_ERRORS, ...NON_ERRORS }))(
    "D5, R14: with routing-controllers' error handler, %s is answered, with the session saved and its cookie",
    async (_, value) => {
      thrown = value
      await expectCookieAndData(() => serve(KoaClass, options()), value instanceof BadRequestError ? 400 : 500)
    },
  )

  test.each(Object.entries({ ...PLAIN_ERRORS, ...NON_ERRORS }))(
    "D5, R14: with Koa's error handler, %s is answered, with the session saved and its cookie",
    async (_, value) => {
      thrown = value
      await expectCookieAndData(() => serve(KoaClass, options(), false), 500)
    },
  )

  test.each(Object.entries({ ...PLAIN_ERRORS, ...FROZEN_ERRORS, ...NON_ERRORS }))(
    'D5, R14: with an error handler of the application around it, %s arrives there unchanged',
    async (_, value) => {
      thrown = value
      const caught: unknown[] = []
      const createApp = (): Koa => {
        const app = serve(KoaClass, options(), false)
        app.middleware.unshift(async (ctx, next) => {
          await next().catch((error: unknown) => {
            caught.push(error)
            ctx.status = 418
          })
        })
        return app
      }
      await expectCookieAndData(createApp, 418)
      expect(caught).toEqual([value, value])
      expect(caught[0]).toBe(value)
    },
  )

  test.each(Object.entries(PLAIN_ERRORS))(
    "R14: with Koa's error handler, %s reaches the app unchanged",
    async (_, value) => {
      thrown = value
      const app = serve(KoaClass, options(), false)
      const errors = errorsOf(app)
      await new Visitor(app).post('/sync')
      expect(errors).toHaveLength(1)
      expect(errors[0]).toBe(value)
    },
  )

  test.each([
    ['false', false],
    ['a function that answers false', () => false],
  ])(
    "R14: with Koa's error handler and commitOnError %s, nothing is saved and no cookie is set",
    async (_, commitOnError) => {
      thrown = new Error('no')
      const visitor = new Visitor(serve(KoaClass, { ...options(), commitOnError }, false))
      expect((await visitor.post('/sync')).setCookie).toEqual([])
      await visitor.post('/count')
      expect((await visitor.post('/async')).setCookie).toEqual([])
      expect((await visitor.get('/views')).json()).toEqual({ views: 1 })
    },
  )
})

describe.each(Object.entries(KOA_VERSIONS))('%s', (_version, KoaClass) => {
  test("R14: with routing-controllers' error handler an error is an answer: commitOnError is not asked", async () => {
    thrown = new Error('no')
    const commitOnError = jest.fn(() => false)
    const visitor = new Visitor(serve(KoaClass, { store: new MemoryStore(), commitOnError }))
    await visitor.post('/sync')
    expect(commitOnError).not.toHaveBeenCalled()
    expect((await visitor.get('/views')).json()).toEqual({ views: 1 })
  })

  test("R15: with Koa's error handler, an error of the store's does not replace the action's", async () => {
    thrown = Object.assign(new Error('no'), { status: 409 })
    const { store, fail } = spyOnMemory()
    const storeError = new Error('the store is down')
    fail(() => Promise.reject(storeError))
    const app = serve(KoaClass, { store }, false)
    const errors = errorsOf(app)
    expect((await new Visitor(app).post('/sync')).status).toBe(409)
    expect(errors).toHaveLength(2)
    expect(errors[1]).toBe(thrown)
  })
})
