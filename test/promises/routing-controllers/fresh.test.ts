import 'reflect-metadata'
import session, { MemoryStore, SessionService } from 'koa-session-service'
import { Session, SessionParam } from 'koa-session-service/routing-controllers'
import { Get, JsonController, Param, useKoaServer } from 'routing-controllers'
import { createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'
import { startClock, stopClock } from '../../support/clock'

interface User {
  user?: string
  cart?: string
}

const MINUTE = 60_000

@JsonController()
class AccountController {
  @Get('/as/:user')
  as(@Session() session: Session<User>, @Param('user') user: string) {
    Object.assign(session, { user })
    return {}
  }

  @Get('/cart')
  cart(@Session() session: Session<User>) {
    session.cart = 'tea'
    return {}
  }

  @Get('/confirm/:method')
  async confirm(@Session() session: Session<User>, @Param('method') method: string) {
    await service.confirm({ method })
    return session.toJSON()
  }

  @Get('/delete')
  delete(@Session({ fresh: 5 * MINUTE }) session: Session<User>) {
    return { deleted: session.user }
  }

  @Get('/key')
  key(@SessionParam('user', { fresh: { within: 5 * MINUTE, method: 'key' } }) user: string) {
    return { user }
  }
}

let service: SessionService

const REFUSED = { name: 'SessionError', code: 'ERR_SESSION_NOT_FRESH', status: 403 }
const MISSING = { name: 'SessionError', code: 'ERR_SESSION_REQUIRED', status: 401 }

describe.each(Object.entries(KOA_VERSIONS))('@Session({ fresh }), %s', (_name, KoaClass) => {
  let clock: ReturnType<typeof stopClock>
  let ann: Visitor
  let app: ReturnType<typeof createApp>

  beforeEach(async () => {
    clock = stopClock()
    app = createApp(KoaClass)
    const owner = ({ user }: User) => user
    const middleware = session<User>({ store: new MemoryStore(), owner, asyncLocalStorage: true }, app)
    service = middleware.sessions as never
    app.use(middleware)
    useKoaServer(app, { controllers: [AccountController] })
    ann = new Visitor(app)
    await ann.get('/as/ann')
  })

  afterEach(startClock)

  test('R69: @Session({ fresh }) lets in who has just signed in', async () => {
    expect((await ann.get('/delete')).json()).toEqual({ deleted: 'ann' })
  })

  test('R69: @Session({ fresh }) refuses who did so too long ago with 403 and a code, until they confirm', async () => {
    clock.advance(5 * MINUTE)
    const answer = await ann.get('/delete')
    expect([answer.status, answer.json()]).toEqual([403, REFUSED])
    await ann.get('/confirm/password')
    expect((await ann.get('/delete')).json()).toEqual({ deleted: 'ann' })
  })

  test('R69: @Session({ fresh }) with a method counts that alone, and for one value as well', async () => {
    expect((await ann.get('/key')).json()).toEqual(REFUSED)
    await ann.get('/confirm/password')
    expect((await ann.get('/key')).json()).toEqual(REFUSED)
    await ann.get('/confirm/key')
    expect((await ann.get('/key')).json()).toEqual({ user: 'ann' })
  })

  test('R69: @Session({ fresh }) refuses a stranger with 401, and who has not signed in with 403', async () => {
    const stranger = new Visitor(app)
    expect([(await stranger.get('/delete')).json(), (await stranger.get('/key')).json()]).toEqual([MISSING, MISSING])
    await stranger.get('/cart')
    expect((await stranger.get('/delete')).json()).toEqual(REFUSED)
  })
})
