import { handler } from '../../../example/recipes/serverless'
import { CookieJar } from '../../support/app/app'

async function call(jar: CookieJar, init: RequestInit = {}): Promise<Response> {
  const cookie = jar.header
  const headers = cookie ? { cookie } : undefined
  const response = await handler(new Request('https://shop.example/?a=1', { headers, ...init }))
  jar.accept(response.headers.getSetCookie())
  return response
}

test('R36: a function without a store counts the views of each visitor, in a cookie that tells nothing', async () => {
  const [ada, grace] = [new CookieJar(), new CookieJar()]
  for (const views of [1, 2, 3]) expect(await (await call(ada)).json()).toEqual({ views })
  expect(await (await call(grace)).json()).toEqual({ views: 1 })
  const sealedText = Buffer.from(ada.values.get('__Host-Http-session') as string, 'base64url').toString('latin1')
  expect(sealedText).not.toContain('views')
})

test('R36: a function without a store hands on the method, the body and several cookies', async () => {
  const response = await call(new CookieJar(), { method: 'POST', body: 'tea' })
  expect(response.status).toBe(200)
  expect(response.headers.getSetCookie()).toHaveLength(1)
  expect(response.headers.getSetCookie()[0]).toMatch(/; secure/i)
})
