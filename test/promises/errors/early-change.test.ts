import type { Context } from 'koa'
import type { SessionOptions } from 'koa-session-service'
import { createApp } from '../../support/app/app'
import { BACKENDS, PlainStore } from '../../support/backends/backends'
import { collectWarnings, freshSession } from '../../support/app/fresh-session'
import { takeTurns } from './fixtures'
import { Browser, closeServers, listen } from './server'

const EARLY = /^ctx\.session was changed in front of the session middleware, and the change is lost\. Put "app\.use\(/
const options = (): SessionOptions => ({ store: new PlainStore() })

afterEach(() => {
  closeServers()
  jest.restoreAllMocks()
  process.env.NODE_ENV = 'test'
})

interface Site {
  visit: () => Promise<string>
  warnings: string[]
}

/** A site of which `early` handles each request first; what it answers is not handled any further. */
async function open(options: SessionOptions, early: (ctx: Context) => unknown): Promise<Site> {
  const warnings = collectWarnings()
  const session = freshSession()
  const app = createApp()
  app.use(async (ctx, next) => {
    await early(ctx)
    if (ctx.body === undefined) await next()
  })
  app.use(session(options, app))
  app.use((ctx) => void (ctx.body = ctx.session))
  const browser = new Browser(await listen(app.callback()))
  const visit = async (): Promise<string> => {
    const { body } = await browser.get('/')
    await takeTurns()
    return body
  }
  return { visit, warnings }
}

const CHANGES: [string, (ctx: Context) => unknown][] = [
  ['a key is set', (ctx) => (ctx.session.user = 'ann')],
  ['all data are', (ctx) => (ctx.session = { user: 'ann' })],
  ['it is set to null', (ctx) => (ctx.session = null)],
]

describe.each(CHANGES)('in front of the middleware, %s', (_what, change) => {
  test('R98: a change in front of the middleware is lost with a store, as in koa-session, and a warning says so once, with the cure', async () => {
    const { visit, warnings } = await open(options(), change)
    expect(await visit()).toBe('{}')
    await visit()
    expect(warnings).toEqual([expect.stringMatching(EARLY)])
    expect(warnings[0]).toMatch(/ SessionWarning$/)
  })

  test.each(BACKENDS)(
    'R98: a change with $name is lost where the middleware never comes, and a warning says so',
    async (backend) => {
      const { visit, warnings } = await open(backend.options(), (ctx) => {
        change(ctx)
        ctx.body = 'done'
      })
      expect(await visit()).toBe('done')
      await visit()
      expect(warnings).toEqual([expect.stringMatching(EARLY)])
    },
  )

  test('R98: no warning of an early change is given in production', async () => {
    process.env.NODE_ENV = 'production'
    const { visit, warnings } = await open(options(), change)
    await visit()
    expect(warnings).toEqual([])
  })
})

test('R98: a change in front of the middleware is kept where the session rests in its cookie, without a warning', async () => {
  const { visit, warnings } = await open({}, (ctx) => (ctx.session.user = 'ann'))
  expect(await visit()).toBe('{"user":"ann"}')
  expect(warnings).toEqual([])
})

test.each(BACKENDS)('R98: reading in front of the middleware is no change, with $name', async (backend) => {
  const { visit, warnings } = await open(backend.options(), (ctx) => {
    if (ctx.session.user) ctx.body = 'done'
  })
  expect(await visit()).toBe('{}')
  expect(warnings).toEqual([])
})
