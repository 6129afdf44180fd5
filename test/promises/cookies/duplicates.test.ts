import { Visitor } from '../../support/app/app'
import { BACKENDS } from '../../support/backends/backends'
import { cookieText } from '../../support/set-cookie'
import { createSite, sessionOf } from '../../support/app/site'

/** What another host of the domain could plant in the visitor's browser. */
const PLANTED = ['planted', '', 'x'.repeat(3_000), cookieText({ user: 'mallory', _session: true })]

describe.each(BACKENDS)('a cookie that is there twice, with $name', ({ options }) => {
  /** A visitor who is signed in, and whose browser sends the planted cookie beside the good one. */
  async function visitWith(arrange: (good: string, planted: string) => string, text: string) {
    const { app, visitor } = createSite(options(), { '/login': (ctx) => (ctx.session.user = 'alice') })
    await visitor.get('/login')
    const cookie = arrange(visitor.jar.header, `koa.sess=${text}; koa.sess.sig=${text}`)
    const answer = await new Visitor(app).get('/', { cookie })
    return { answer, visitor }
  }

  test.each(PLANTED)('R35: the good one is found behind %j', async (text) => {
    const { answer } = await visitWith((good, planted) => `${planted}; ${good}`, text)
    expect(answer.json()).toEqual({ session: { user: 'alice' } })
  })

  test.each(PLANTED)('R35: the good one is found before %j', async (text) => {
    const { answer } = await visitWith((good, planted) => `${good}; ${planted}`, text)
    expect(answer.json()).toEqual({ session: { user: 'alice' } })
  })

  test('R35: the good one is not cleared', async () => {
    const { answer, visitor } = await visitWith((good, planted) => `${planted}; ${good}`, 'planted')
    visitor.jar.accept(answer.setCookie)
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })
})
