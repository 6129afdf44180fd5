// An app of Feathers with a sign-in by OAuth, whose package makes a session with what it imports from koa-session.
import { AuthenticationService, JWTStrategy } from '@feathersjs/authentication'
import { oauth, OAuthStrategy } from '@feathersjs/authentication-oauth'
import { feathers } from '@feathersjs/feathers'
import { bodyParser, errorHandler, koa, parseAuthentication, rest } from '@feathersjs/koa'
import { Browser, listen, print, startProvider } from './world.mjs'

class Users {
  users = []
  async find({ query }) {
    return this.users.filter((user) => user.fakeId === query.fakeId)
  }
  async get(id) {
    return this.users.find((user) => String(user.id) === String(id))
  }
  async create(data) {
    const user = { id: this.users.length + 1, ...data }
    this.users.push(user)
    return user
  }
  async patch(id, data) {
    return Object.assign(await this.get(id), data)
  }
}

async function main() {
  const app = koa(feathers())
  const { server, url } = await listen((request, response) => app.callback()(request, response))
  app.set('host', '127.0.0.1')
  app.set('port', server.address().port)
  const provider = await startProvider()
  app.set('authentication', {
    secret: 'a long random secret',
    entity: 'user',
    entityId: 'id',
    service: 'users',
    authStrategies: ['jwt'],
    jwtOptions: { audience: 'shop', issuer: 'shop', expiresIn: '1d' },
    oauth: { redirect: '/done', fake: { key: 'shop', secret: 'secret', ...provider } },
  })
  app.use(errorHandler())
  app.use(parseAuthentication())
  app.use(bodyParser())
  app.configure(rest())
  app.use('users', new Users())
  const authentication = new AuthenticationService(app)
  authentication.register('jwt', new JWTStrategy())
  authentication.register('fake', new OAuthStrategy())
  app.use('authentication', authentication)
  app.configure(oauth())
  await app.setup(server)

  const browser = new Browser()
  await browser.open(`${url}/oauth/fake`)
  const during = Array.from(browser.cookies.keys())
  const end = await browser.follow(`${url}/oauth/fake`, '/done')
  const token = new URLSearchParams(new URL(end.url).hash.slice(1)).get('access_token')
  const { user } = await app.service('authentication').create({ strategy: 'jwt', accessToken: token })
  const after = Array.from(browser.cookies.keys())
  const direct = await browser.open(`${url}/oauth/fake/callback?code=1`)
  print({ during, user: user.fakeId, after, direct: direct.status })
}

void main()
