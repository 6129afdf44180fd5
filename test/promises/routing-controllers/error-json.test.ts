import 'reflect-metadata'
import type { Context } from 'koa'
import { SessionService } from 'koa-session-service'
import { Session, SessionParam } from 'koa-session-service/routing-controllers'
import { Controller, Ctx, Get, JsonController, Post, useKoaServer } from 'routing-controllers'
import { createApp, Visitor } from '../../support/app/app'
import { spyOnMemory } from '../../support/spies/spy-on'

const SECRET = 'a secret of the visitor'
const SECRET_NUMBER = 1234567890123456789n

function createController(decorate: ClassDecorator): new () => object {
  @decorate
  class SecretController {
    @Post('/keep')
    keep(@Session() session: Session) {
      session.secret = SECRET
      return {}
    }

    @Get('/refused')
    refused(@Session({ required: () => false }) session: Session) {
      return session.toJSON()
    }

    @Get('/key-refused')
    refusedForKey(@SessionParam('secret', { required: () => false }) secret: string) {
      return { secret }
    }

    @Get('/loaded')
    load(@Session() session: Session) {
      return { isNew: session.isNew }
    }

    @Get('/unserializable')
    async store(@Session() session: Session) {
      session.total = SECRET_NUMBER
      await session.save().finally(() => delete session.total)
      return {}
    }

    @Get('/saved')
    async save(@Session() session: Session) {
      await session.save()
      return {}
    }

    @Get('/regenerated')
    async regenerate(@Session() session: Session) {
      await session.regenerate()
      return {}
    }

    @Get('/updated')
    async update(@Ctx() ctx: Context) {
      await SessionService.of(ctx).update((data) => Object.assign(data, { secret: `${SECRET}!` }), ctx)
      return {}
    }
  }
  return SecretController
}

const CONTROLLERS = [createController(JsonController()), createController(Controller('/text') as ClassDecorator)]

/** Fails as database clients do: with the command, and so the id and the record, on the error. */
function tellingStore() {
  const { store, records, before } = spyOnMemory()
  const keys = new Set<string>()
  const failing = new Set<string>()
  before(async ({ method, args }) => {
    const key = String(args[0])
    keys.add(key)
    if (!failing.has(method)) return
    const text = records.read(key)?.revision
    throw Object.assign(new Error(`${method} ${key} failed`), { command: { name: method, args: [key, text] }, key })
  })
  return { store, keys, failing }
}

/** Answers what a client reads at `path` where these methods of the store fail, and every id there was. */
async function answerTo(path: string, ...fails: string[]) {
  const app = createApp()
  const { store, keys, failing } = tellingStore()
  app.use(new SessionService(app, { store, lazy: true }).middleware())
  useKoaServer(app, { controllers: CONTROLLERS, development: true })
  const visitor = new Visitor(app)
  await visitor.post('/keep')
  for (const method of fails) failing.add(method)
  return { ...(await visitor.get(path)), ids: [...keys] }
}

const FAILURES = [
  ['/refused'],
  ['/key-refused'],
  ['/unserializable'],
  ['/loaded', 'read'],
  ['/saved', 'replace'],
  ['/updated', 'replace'],
]

describe.each(['', '/text'])('under "%s"', (prefix) => {
  test.each(FAILURES)('R41: the error that a client reads at %s has no id and no data (%s)', async (path, ...fails) => {
    const { status, body, ids } = await answerTo(prefix + path, ...fails)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/)
    for (const secret of [...ids, SECRET, String(SECRET_NUMBER)]) expect(body).not.toContain(secret)
  })
})

test.each([
  ['/refused', 'ERR_SESSION_REQUIRED', 401],
  ['/unserializable', 'ERR_SESSION_NOT_SERIALIZABLE', 500],
])('R41: the JSON of a SessionError is its name, code and status: %s', async (path, code, status) => {
  expect((await answerTo(path)).json()).toEqual({ name: 'SessionError', code, status })
})

test.each(FAILURES.slice(3))(
  'R43: where the store fails under an action, the client gets 503 and a code: %s',
  async (path, fails) => {
    const answer = await answerTo(path, fails)
    expect(answer.status).toBe(503)
    expect(answer.json()).toEqual({ name: 'SessionError', code: 'ERR_SESSION_STORE', status: 503 })
  },
)
