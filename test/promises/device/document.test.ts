import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { deviceBound } from 'koa-session-service/dbsc'
import { codeBlocks, readText, tableRows } from '../../world/readme/markdown'
import { closePrograms, run } from '../../world/readme/run-block'
import { complaints } from '../../world/readme/typescript'
import { CookieJar } from '../../support/app/app'
import { SoftwareDevice } from '../../support/device/software-device'

const text = readText('docs/device-bound-sessions.md')
const [{ code }] = codeBlocks(text)

afterAll(closePrograms)

/** What the visitor of the program sees, who has a device. */
class Client {
  readonly jar = new CookieJar()
  readonly #server: Server

  constructor(server: Server) {
    this.#server = server
  }

  async ask(method: string, path: string, headers: Record<string, string> = {}): Promise<Response> {
    const { port } = this.#server.address() as AddressInfo
    const sent = { 'x-forwarded-proto': 'https', cookie: this.jar.header, ...headers }
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers: sent })
    this.jar.accept(answer.headers.getSetCookie())
    return answer
  }
}

it('R77: the example of the page compiles, and binds the session of a visitor who signs in', async () => {
  expect(complaints(code)).toEqual([])
  const client = new Client(await run(code))
  const device = new SoftwareDevice()
  const { headers } = await client.ask('GET', '/login')
  expect((await client.ask('GET', '/transfer')).status).toBe(403)
  const [, challenge] = /challenge="([\w-]+)"/.exec(headers.get('secure-session-registration') ?? '') ?? []
  const proof = { 'secure-session-response': device.register(challenge) }
  expect((await client.ask('POST', '/device-bound-session/register', proof)).status).toBe(200)
  expect(await (await client.ask('GET', '/')).json()).toEqual({ user: 'ann', bound: true })
  expect((await client.ask('GET', '/transfer')).status).toBe(200)
  expect((await client.ask('GET', '/logout')).status).toBe(200)
  expect(Array.from(client.jar.values.keys())).toEqual([])
})

it('R77: the page names the options that there are', () => {
  const named = tableRows(text, 'option').map(([cell]) => cell.replaceAll('`', ''))
  const refusal = (): unknown => deviceBound({ unknown: 1 } as never)
  const [, list] = /It takes (.+)\./.exec(messageOf(refusal)) ?? []
  expect(named.sort()).toEqual(list.split(', ').sort())
})

function messageOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return (error as Error).message
  }
  return ''
}
