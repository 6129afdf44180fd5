import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocket } from 'ws'
import { server } from '../../../example/recipes/websocket'
import { Browser } from '../example/browser'

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

function connect(cookie: string): WebSocket {
  const { port } = server.address() as AddressInfo
  return new WebSocket(`ws://127.0.0.1:${port}`, { headers: { cookie } })
}

async function signIn(name: string): Promise<Browser> {
  const browser = new Browser(server)
  await browser.get(`/login?name=${name}`)
  return browser
}

async function hello(socket: WebSocket): Promise<string> {
  const [data] = (await once(socket, 'message')) as [Buffer]
  return data.toString()
}

test.each([
  ['no cookie', ''],
  ['the cookie of no session', 'koa.sess=of-nobody'],
  ['a cookie that is endless', `koa.sess=${'x'.repeat(5000)}`],
  ['a cookie that is called like a prototype', 'koa.sess=__proto__'],
])('R72: a websocket with %s is refused', async (_what, cookie) => {
  const socket = connect(cookie)
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }]
  expect(response.statusCode).toBe(401)
})

test('R72: a websocket is told when its session is ended by a request, and that of another visitor is not', async () => {
  const [ada, grace] = [await signIn('Ada'), await signIn('Grace')]
  const [adas, graces] = [connect(ada.jar.header), connect(grace.jar.header)]
  expect(await Promise.all([hello(adas), hello(graces)])).toEqual(['hello Ada', 'hello Grace'])
  const closed = once(adas, 'close') as Promise<[number, Buffer]>
  await ada.get('/logout')
  const [code, reason] = await closed
  expect([code, reason.toString()]).toEqual([4401, 'signed out'])
  expect(graces.readyState).toBe(WebSocket.OPEN)
  graces.close()
  await once(graces, 'close')
})

test('R72: another visitor who signs in on the same browser takes the websocket away', async () => {
  const ada = await signIn('Ada')
  const socket = connect(ada.jar.header)
  await hello(socket)
  const closed = once(socket, 'close') as Promise<[number]>
  await ada.get('/login?name=Grace')
  expect((await closed)[0]).toBe(4401)
})

test('R72: a websocket outlives another sign-in of its own visitor, which rotates the token', async () => {
  const ada = await signIn('Ada')
  const socket = connect(ada.jar.header)
  await hello(socket)
  await ada.get('/login?name=Ada')
  const again = connect(ada.jar.header)
  expect(await hello(again)).toBe('hello Ada')
  expect(socket.readyState).toBe(WebSocket.OPEN)
  for (const open of [socket, again]) {
    open.close()
    await once(open, 'close')
  }
})
