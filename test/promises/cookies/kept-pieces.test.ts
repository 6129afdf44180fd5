import { createSessionApp } from '../../support/app/session-app'

/** A session named as a further piece of another one would be. */
const OPTIONS = { key: 'sess.1' }

it('R14: a session that is named like a piece keeps its cookies on an error response', async () => {
  const { visitor } = createSessionApp(OPTIONS, {
    '/fail': (ctx) => {
      ctx.session.user = 'ann'
      throw new Error('the handler failed')
    },
  })
  const { status, setCookie } = await visitor().get('/fail')
  expect(status).toBe(500)
  expect(setCookie.map((line) => line.slice(0, line.indexOf('=')))).toEqual(['sess.1', 'sess.1.sig'])
})
