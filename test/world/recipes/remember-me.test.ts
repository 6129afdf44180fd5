import { Visitor } from '../../support/app/app'
import { createApp } from '../../../example/recipes/remember-me'

const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR
const HTTPS = { 'x-forwarded-proto': 'https' }

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'setTimeout'] })
})
afterEach(() => jest.useRealTimers())

async function signIn(path: string) {
  const visitor = new Visitor(createApp().app)
  const { setCookie } = await visitor.post(path, undefined, HTTPS)
  return { setCookie, user: async () => (await visitor.get('/', HTTPS)).json<{ user: string }>().user }
}

function wait(milliseconds: number): void {
  jest.setSystemTime(Date.now() + milliseconds)
}

test('R70: a visitor who is not to be remembered has a cookie for as long as the browser is open, and half an hour', async () => {
  const ada = await signIn('/sign-in')
  expect(ada.setCookie.join()).not.toMatch(/expires=/i)
  wait(HOUR / 2 - 1000)
  expect(await ada.user()).toBe('ada')
  wait(HOUR / 2 + 1000)
  expect(await ada.user()).toBe('nobody')
})

test('R70: a visitor who is not to be remembered is signed out after twelve hours', async () => {
  const ada = await signIn('/sign-in')
  for (let visit = 0; visit < 35; visit++) {
    wait(HOUR / 3)
    expect(await ada.user()).toBe('ada')
  }
  wait(HOUR / 3 + 1000)
  expect(await ada.user()).toBe('nobody')
})

test('R70: a visitor who is remembered has a cookie that survives the browser, and thirty days', async () => {
  const ada = await signIn('/sign-in?remember=yes')
  expect(ada.setCookie.join()).toMatch(/expires=/i)
  wait(29 * DAY)
  expect(await ada.user()).toBe('ada')
  wait(29 * DAY)
  expect(await ada.user()).toBe('ada')
  wait(30 * DAY + 1000)
  expect(await ada.user()).toBe('nobody')
})

test('R70: a visitor who is remembered signs in again after ninety days', async () => {
  const ada = await signIn('/sign-in?remember=yes')
  for (let week = 1; week <= 12; week++) {
    wait(7 * DAY)
    expect(await ada.user()).toBe('ada')
  }
  wait(6 * DAY + 1000)
  expect(await ada.user()).toBe('nobody')
})
