import type { Context } from 'koa'
import { createApp } from '../../support/app/app'
import { freshSession } from '../../support/app/fresh-session'
import { addHandlers, observe, type Handlers } from '../../support/app/site'

/** What the warnings of a process say that runs `handlers`, each of them twice. */
async function warningsOf(handlers: Handlers): Promise<string[]> {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  const app = createApp()
  app.use(freshSession()({}, app))
  addHandlers(app, handlers)
  const { visitor } = observe(app)
  for (const path of [...Object.keys(handlers), ...Object.keys(handlers)]) await visitor.get(path)
  return warn.mock.calls.map(([message]) => String(message))
}

afterEach(() => jest.restoreAllMocks())

const set = (data: object) => (ctx: Context) => void Object.assign(ctx.session, data)

test.each([
  ['assigned', set({ user: 'alice', _draft: 'text' })],
  ['in an object', (ctx: Context) => (ctx.session = { user: 'alice', _draft: 'text' })],
])('R28: a key that begins with _, %s, is warned of once', async (_, handler) => {
  expect(await warningsOf({ '/set': handler })).toEqual([expect.stringContaining('session._draft')])
})

test('R28: nobody is warned of keys that do not begin with _, nor of functions', async () => {
  expect(await warningsOf({ '/set': set({ user: 'alice', a_b: 1, _method: () => 1, deep: { _key: 1 } }) })).toEqual([])
})

test('D14: data that are named like a part of the session are warned of once', async () => {
  expect(await warningsOf({ '/set': set({ save: 'a game' }) })).toEqual([expect.stringContaining('session.save')])
})

test('R28: nobody is warned of keys in production', async () => {
  jest.replaceProperty(process, 'env', { ...process.env, NODE_ENV: 'production' })
  expect(await warningsOf({ '/set': set({ _draft: 'text', save: 'a game' }) })).toEqual([])
})
