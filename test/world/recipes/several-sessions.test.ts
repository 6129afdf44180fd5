import { createApp } from '../../../example/recipes/several-sessions'
import { Visitor } from '../../support/app/app'

const HTTPS = { 'x-forwarded-proto': 'https' }
const TEN_MINUTES = 10 * 60 * 1000

afterEach(() => jest.useRealTimers())

test('R51: each session has its own cookie, and ends without the other', async () => {
  const ada = new Visitor(createApp())
  expect((await ada.get('/add', HTTPS)).json()).toEqual({ items: ['tea'], admin: 'nobody' })
  expect([...ada.jar.values.keys()]).toEqual(['cart', 'cart.sig'])
  expect((await ada.get('/admin/sign-in', HTTPS)).json()).toEqual({ items: ['tea'], admin: 'ada' })
  expect([...ada.jar.values.keys()]).toContain('__Host-Http-session')
  expect((await ada.get('/admin/sign-out', HTTPS)).json()).toEqual({ items: ['tea'], admin: 'nobody' })
  expect([...ada.jar.values.keys()]).toEqual(['cart', 'cart.sig'])
})

test('R51: an administrator is signed out after ten minutes, and the cart stays', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'setTimeout'] })
  const ada = new Visitor(createApp())
  for (const path of ['/add', '/admin/sign-in']) await ada.get(path, HTTPS)
  jest.setSystemTime(Date.now() + TEN_MINUTES + 1000)
  expect((await ada.get('/', HTTPS)).json()).toEqual({ items: ['tea'], admin: 'nobody' })
})
