import { sealed, session, type SessionOptions } from 'koa-session-service'
import koaSession from 'koa-session'
import type Koa from 'koa'
import { createApp, Visitor, type Answer } from '../../support/app/app'
import { SEALING_KEYS } from '../../support/backends/backends'

const broken = (): never => {
  throw new Error('not mine')
}

/** What a visitor is answered whose cookie cannot be judged. */
async function judge(use: (app: Koa) => unknown): Promise<Answer> {
  const app = createApp()
  use(app)
  app.use((ctx) => {
    ctx.session.views = Number(ctx.session.views ?? 0) + 1
    ctx.body = ''
  })
  const visitor = new Visitor(app)
  await visitor.get()
  return visitor.get()
}

describe('a cookie that cannot be judged', () => {
  it.each<[string, SessionOptions]>([
    ['a text of base64', {}],
    ['a codec', { codec: sealed({ keys: SEALING_KEYS }) }],
  ])('R14: a `valid` that throws takes no cookie away, with %s', async (_name, options) => {
    const answer = await judge((app) => app.use(session({ ...options, valid: broken }, app)))
    expect(answer).toMatchObject({ status: 500, setCookie: [] })
  })

  it('R14: a `valid` that fails later takes no cookie away', async () => {
    const valid = (): Promise<never> => Promise.reject(new Error('not mine'))
    const answer = await judge((app) => app.use(session({ valid }, app)))
    expect(answer).toMatchObject({ status: 500, setCookie: [] })
  })

  it('R14: a `decode` that throws takes the cookie away, so that the next request does not fail', async () => {
    const answer = await judge((app) => app.use(session({ decode: broken }, app)))
    expect(answer.status).toBe(500)
    expect(answer.setCookie).toContainEqual(expect.stringMatching(/^koa\.sess=; /))
  })

  it.each([
    ['valid', false],
    ['decode', true],
  ])('R14: koa-session does the same with a cookie where %s throws', async (name, isCleared) => {
    const answer = await judge((app) => app.use(koaSession({ [name]: broken }, app)))
    expect(answer.status).toBe(500)
    expect(answer.setCookie.some((line) => line.startsWith('koa.sess=;'))).toBe(isCleared)
  })
})
