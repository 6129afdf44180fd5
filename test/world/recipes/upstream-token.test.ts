import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Visitor } from '../../support/app/app'
import { createApp } from '../../../example/recipes/upstream-token'

/** A provider whose refresh tokens are good once. */
class Provider {
  readonly grants: string[] = []
  seconds = 3600
  isDown = false
  #current = 0
  readonly server: Server = createServer((request, response) => {
    void text(request).then((body) => {
      const { grant_type: grant, refresh_token: token } = Object.fromEntries(new URLSearchParams(body))
      this.grants.push(grant)
      if (this.isDown) return response.writeHead(500).end()
      if (grant === 'refresh_token' && token !== `refresh ${this.#current}`) return response.writeHead(400).end()
      const next = ++this.#current
      const answer = { access_token: `access ${next}`, refresh_token: `refresh ${next}`, expires_in: this.seconds }
      return setTimeout(() => response.end(JSON.stringify(answer)), 20)
    })
  })

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  revoke(): void {
    this.#current = -1
  }
}

let provider: Provider
beforeEach(async () => {
  provider = new Provider()
  await once(provider.server.listen(0, '127.0.0.1'), 'listening')
})
afterEach(() => {
  provider.server.close()
  provider.server.closeAllConnections()
})

async function signIn(seconds: number) {
  const app = createApp(provider.url)
  app.silent = true
  const visitor = new Visitor(app)
  provider.seconds = seconds
  await visitor.get('/callback?code=good')
  provider.grants.length = 0
  const answers = async (count: number): Promise<string[]> => {
    const sent = Array.from({ length: count }, () => new Visitor(app, visitor.jar.copy()).get('/'))
    return (await Promise.all(sent)).map(({ status, body }) => `${status} ${body}`)
  }
  return { answers }
}

const EXPIRED = 0

test('R121: one of twenty requests refreshes a token that has expired, and all have the new one', async () => {
  const { answers } = await signIn(EXPIRED)
  provider.grants.length = 0
  provider.seconds = 3600
  expect(new Set(await answers(20))).toEqual(new Set(['200 {"access":"access 3"}']))
  expect(provider.grants).toEqual(['refresh_token'])
  expect(new Set(await answers(20))).toEqual(new Set(['200 {"access":"access 3"}']))
  expect(provider.grants).toEqual(['refresh_token'])
})

test('R121: a token that is good is not refreshed', async () => {
  const { answers } = await signIn(3600)
  expect(new Set(await answers(5))).toEqual(new Set(['200 {"access":"access 1"}']))
  expect(provider.grants).toEqual([])
})

test('R121: where the provider takes the token no more, one request asks, and all are told to sign in', async () => {
  const { answers } = await signIn(EXPIRED)
  provider.revoke()
  expect(new Set(await answers(9))).toEqual(new Set(['200 {"access":"sign in"}']))
  expect(provider.grants).toEqual(['refresh_token'])
})

test('R121: where the provider is down, one request asks, and the next one tries again', async () => {
  const { answers } = await signIn(EXPIRED)
  provider.isDown = true
  const failed = (await answers(9)).map((answer) => answer.slice(0, 3)).sort()
  expect(failed).toEqual(['500', ...Array.from({ length: 8 }, () => '503')])
  expect(provider.grants).toEqual(['refresh_token'])
  provider.isDown = false
  provider.seconds = 3600
  expect(await answers(1)).toEqual(['200 {"access":"access 3"}'])
})
