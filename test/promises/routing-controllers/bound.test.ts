import 'reflect-metadata'
import { MemoryStore, session, SessionService } from 'koa-session-service'
import { deviceBound } from 'koa-session-service/dbsc'
import { Session, SessionParam } from 'koa-session-service/routing-controllers'
import { Get, JsonController, useKoaServer } from 'routing-controllers'
import { createApp } from '../../support/app/app'
import { BoundBrowser, LONG_KEYS, type Account } from '../../support/device/bound-site'
import { SoftwareDevice } from '../../support/device/software-device'

class OtherSessions extends SessionService<Account> {}

@JsonController()
class TransferController {
  @Get('/login')
  login(@Session() account: Session<Account>) {
    account.userId = 'ann'
    return {}
  }

  @Get('/transfer')
  transfer(@Session({ bound: true }) account: Session<Account>) {
    return account.toJSON()
  }

  @Get('/limit')
  limit(@SessionParam('userId', { required: true, bound: true }) userId: string) {
    return { userId }
  }

  @Get('/other')
  other(@Session({ from: OtherSessions, bound: true }) account: Session<Account>) {
    return account.toJSON()
  }
}

it('R77: @Session({ bound: true }) refuses with 403 and a code what is bound to no device', async () => {
  const app = createApp()
  app.proxy = true
  const owner = ({ userId }: Account): string | undefined => userId
  app.use(session<Account>({ store: new MemoryStore(), owner, binding: deviceBound({ keys: LONG_KEYS }) }, app))
  app.use(new OtherSessions(app, { key: 'other', property: 'other' }).middleware())
  useKoaServer(app, { controllers: [TransferController] })
  const browser = new BoundBrowser(app, new SoftwareDevice())
  const answersOf = async () => {
    const answers = [await browser.get('/transfer'), await browser.get('/limit'), await browser.get('/other')]
    return answers.map(({ status, body }) => [status, JSON.parse(body) as object])
  }
  const notBound = [403, expect.objectContaining({ code: 'ERR_SESSION_NOT_BOUND', status: 403 })]
  const nobody = [401, expect.objectContaining({ code: 'ERR_SESSION_REQUIRED' })]
  expect(await answersOf()).toEqual([notBound, nobody, notBound])
  const { headers } = await browser.get('/login')
  expect(await answersOf()).toEqual([notBound, notBound, notBound])
  const [, challenge] = /challenge="([\w-]+)"/.exec(String(headers['secure-session-registration'])) ?? []
  await browser.register(browser.device.register(challenge))
  expect(await answersOf()).toEqual([[200, { userId: 'ann' }], [200, { userId: 'ann' }], notBound])
})
