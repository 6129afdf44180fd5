import Keygrip from 'keygrip'
import { cookieText } from '../../support/set-cookie'
import { createSite, nextTurn, type Site } from '../../support/app/site'

/** JSON texts whose values are no sessions. */
const PAYLOADS = [
  '"abc"',
  '[1,2]',
  '[{"_session":true}]',
  '5',
  '0',
  'true',
  'false',
  'null',
  '""',
  '{',
  'not JSON',
  '\u0000\u0001',
]
/** Objects that do not say how long they live, or say what is not a time. */
const LIFELESS = ['{}', '{"user":"mallory"}', '{"user":"mallory","_maxAge":1000}', '{"user":"mallory","_session":1}']
const TIMELESS = ['"1"', 'null', '[9e15]', '{}', 'true', '-1', '0'].map(
  (expire) => `{"user":"mallory","_expire":${expire}}`,
)

/** Makes the visitor present a text, with a good signature where there has to be one. */
function present({ visitor }: Site, text: string): void {
  const signature = new Keygrip(['a test key']).sign(`koa.sess=${text}`)
  visitor.jar.values.set('koa.sess', text).set('koa.sess.sig', signature)
}

describe.each([true, false])('a cookie with signed: %p', (signed) => {
  test.each([...PAYLOADS, ...LIFELESS, ...TIMELESS])('R33: %s in a cookie is not a session', async (payload) => {
    const site = createSite({ signed }, { '/new': (ctx) => (ctx.body = { isNew: ctx.session.isNew }) })
    present(site, cookieText(payload))
    const answer = await site.visitor.get('/')
    expect(answer.status).toBe(200)
    expect(answer.json()).toEqual({ session: {} })
    expect((await site.visitor.get('/new')).json()).toEqual({ isNew: true })
    expect(site.errors).toEqual([])
  })

  test("R33: a session that follows a cookie which holds none is the visitor's own", async () => {
    const site = createSite({ signed }, { '/login': (ctx) => (ctx.session.user = 'alice') })
    present(site, cookieText('[1,2]'))
    await site.visitor.get('/login')
    expect((await site.visitor.get('/')).json()).toEqual({ session: { user: 'alice' } })
  })

  test.each([['"abc"'], ['[1,2]'], ['5'], ['null']])(
    'R33: the answer %s of a decode option is not a session',
    async (payload) => {
      const decode = () => JSON.parse(payload) as unknown
      const site = createSite({ signed, decode })
      present(site, 'anything')
      expect((await site.visitor.get('/')).json()).toEqual({ session: {} })
      await nextTurn()
      expect(site.events.map(({ name }) => name)).toEqual(['missed'])
    },
  )
})

describe('a record of a store', () => {
  function createSiteAnswering(record: unknown): Site {
    const store = { get: () => record as never, set: () => undefined, destroy: () => undefined }
    const site = createSite({ store, signed: false })
    site.visitor.jar.values.set('koa.sess', 'the-id')
    return site
  }

  test.each(['abc', [1, 2], [], 5, 0, true, false, null, undefined, '', () => ({ user: 'mallory' }), Symbol('record')])(
    'R33: a record of a store that is %p is not a session',
    async (record) => {
      const { visitor, errors, eventNames } = createSiteAnswering(record)
      expect((await visitor.get('/')).json()).toEqual({ session: {} })
      expect(errors).toEqual([])
      expect(await eventNames()).toEqual(['missed'])
    },
  )

  test('R33: a record of a store needs no lifetime of its own: the store’s rules it', async () => {
    const { visitor } = createSiteAnswering({ user: 'alice' })
    expect((await visitor.get('/')).json()).toEqual({ session: { user: 'alice' } })
  })

  test.each(['1', 'soon', {}, true, [9e15], -1])(
    'R33: a record of a store with the expiry %p is not a session',
    async (expire) => {
      const { visitor, eventNames } = createSiteAnswering({ user: 'mallory', _expire: expire })
      expect((await visitor.get('/')).json()).toEqual({ session: {} })
      expect(await eventNames()).toEqual(['expired', 'ended'])
    },
  )
})
