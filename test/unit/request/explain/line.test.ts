import { createHash } from 'node:crypto'
import type { SessionExplanation } from 'koa-session-service'
import { lineOf, type RequestLine } from '../../../../src/request/explain/line'
import { toldBy } from '../../../../src/request/explain/told'

const NOTHING: SessionExplanation = {
  cookie: 'koa.sess',
  why: 'no-cookie',
  endedBy: undefined,
  presented: [],
  session: 'not-asked',
  fingerprint: undefined,
  written: 'nothing',
  told: [],
  error: undefined,
  hint: undefined,
}

const REQUEST: RequestLine = {
  method: 'GET',
  protocol: 'http',
  host: 'shop.example',
  path: '/cart',
  status: 200,
  secrets: [],
  isGone: false,
  endOf: () => undefined,
  advice: '',
}

describe('lineOf', () => {
  it('R120: a line of NODE_DEBUG says nothing of what is not there', () => {
    expect(lineOf(NOTHING, REQUEST)).toBe(
      'GET http://shop.example/cart 200 | koa.sess: no-cookie | session: not-asked | written: nothing | told: nothing',
    )
  })

  it('R120: a line of NODE_DEBUG has all that is known, and ends with the hint', () => {
    const told = [toldBy('koa.sess=; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT', { hasStore: true, now: 0 })]
    const all: SessionExplanation = {
      cookie: 'koa.sess',
      why: 'unknown-id',
      endedBy: undefined,
      presented: [{ cookie: 'koa.sess', fingerprint: 'ab-de_gh', fate: 'unknown-id' }],
      session: 'loaded',
      fingerprint: '12345678',
      written: 'save',
      told,
      error: 'ERR_SESSION_STORE',
      hint: 'no-keys',
    }
    expect(lineOf(all, { ...REQUEST, isGone: true, advice: 'Set app.keys.' })).toBe(
      'GET http://shop.example/cart 200 | koa.sess: koa.sess#ab-de_gh unknown-id | session: loaded #12345678 | written: save | ' +
        'told: clear koa.sess#none (path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT) | error: ERR_SESSION_STORE | ' +
        'the client has gone | hint: no-keys: Set app.keys.',
    )
  })

  it.each([
    ['unknown-id', undefined, 'unknown-id (ended: logout)'],
    ['rotated-away', undefined, 'rotated-away'],
    ['ended', 'owner', 'ended (by: owner)'],
    ['ended', undefined, 'ended'],
  ] as const)('R120: a line of NODE_DEBUG says why a session is over: %s %s', (fate, endedBy, shown) => {
    const came = { ...NOTHING, endedBy, presented: [{ cookie: 'koa.sess', fingerprint: 'ab-de_gh', fate }] }
    expect(lineOf(came, { ...REQUEST, endOf: () => 'logout' })).toContain(
      ` | koa.sess: koa.sess#ab-de_gh ${shown} | session: `,
    )
  })

  it('R120: a line of NODE_DEBUG gives one session no reason of another one', () => {
    const presented = [{ cookie: 'koa.sess', fingerprint: 'ab-de_gh', fate: 'unknown-id' as const }]
    const endOf = (session: string): 'logout' | undefined => (session === 'another!' ? 'logout' : undefined)
    expect(lineOf({ ...NOTHING, presented }, { ...REQUEST, endOf })).toContain(
      'koa.sess#ab-de_gh unknown-id | session: ',
    )
  })

  it.each([
    ['/reset/0123456789012345678901234', '/reset/…', []],
    ['/reset/012345678901234567890123', '/reset/012345678901234567890123', []],
    ['/s/short-id/cart', '/s/…/cart', ['short-id']],
    ['/s/short-id~short-id', '/s/…~…', ['', 'short-id']],
    ['/a|b/c d/\x9b31m/e', '/…/…/…/e', []],
    [`/${'a/'.repeat(500)}b`, `${'/a'.repeat(100)}/…`, []],
  ])('R120: the path %s is shown as %s in a line of NODE_DEBUG', (path, shown, secrets) => {
    expect(lineOf(NOTHING, { ...REQUEST, path, secrets })).toMatch(
      new RegExp(`^GET http://shop\\.example${shown.replace(/[~.]/g, '\\$&')} 200 `),
    )
  })

  it('R120: a request without a response has no status in a line of NODE_DEBUG', () => {
    expect(lineOf(NOTHING, { ...REQUEST, status: undefined })).toMatch(/^GET http:\/\/shop\.example\/cart \| /)
  })
})

describe('what a client or the application chooses', () => {
  it.each([
    ['shop.example:3000', 'http', 'http://shop.example:3000/cart'],
    ['[::1]:3000', 'https', 'https://[::1]:3000/cart'],
    ['a_b.shop.example', 'http', 'http://a_b.shop.example/cart'],
    ['', 'http', 'http:///cart'],
    [undefined, 'http', '/cart'],
    ['a\x9b31mRED', 'http', 'http://…/cart'],
    ['a\x1b[31mRED', 'http', 'http://…/cart'],
    ['shop/ 200 | koa.sess: accepted', 'http', 'http://…/cart'],
    ['shop|x', 'http', 'http://…/cart'],
    ['h'.repeat(100), 'http', `http://${'h'.repeat(100)}/cart`],
    ['h'.repeat(101), 'http', 'http://…/cart'],
    ['shop.example', 'https | hint', '…://shop.example/cart'],
  ])(
    'R120: the host %p over %s is shown as nothing else than a host in a line of NODE_DEBUG',
    (host, protocol, shown) => {
      expect(lineOf(NOTHING, { ...REQUEST, host, protocol })).toMatch(`GET ${shown} 200 | koa.sess: `)
    },
  )

  it('R120: a line of NODE_DEBUG names eight cookies of many, and shortens their paths', () => {
    const presented = Array.from({ length: 300 }, () => ({
      cookie: 'koa.sess',
      fingerprint: 'ab-de_gh',
      fate: 'unknown-id' as const,
    }))
    const line = `koa.sess=x; path=/${'p'.repeat(1000)}/secret-id; domain=${'d'.repeat(200)}; expires=Thu, 01 Jan 2031 00:00:00 GMT`
    const told = Array.from({ length: 300 }, () => toldBy(line, { hasStore: true, now: 0 }))
    const text = lineOf({ ...NOTHING, presented, told }, { ...REQUEST, secrets: ['secret-id'] })
    expect(text.length).toBeLessThan(1500)
    expect(text.match(/unknown-id/g)).toHaveLength(8)
    expect(text).toContain(', and 292 more | session: ')
    expect(text).toContain('(path=/…/…; …; expires=Thu, 01 Jan 2031 00:00:00 GMT)')
  })
})

describe('toldBy', () => {
  const AT = Date.parse('2030-01-01T00:00:00Z')

  it.each([
    ['koa.sess=abc; path=/; httponly', 'set', ['path=/', 'httponly']],
    ['koa.sess=a=b; expires=Wed, 02 Jan 2030 00:00:00 GMT', 'set', ['expires=Wed, 02 Jan 2030 00:00:00 GMT']],
    ['koa.sess=; path=/', 'clear', ['path=/']],
    ['koa.sess=abc; expires=Tue, 01 Jan 2030 00:00:00 GMT', 'set', ['expires=Tue, 01 Jan 2030 00:00:00 GMT']],
    ['koa.sess=abc; expires=Mon, 31 Dec 2029 23:59:00 GMT', 'clear', ['expires=Mon, 31 Dec 2029 23:59:00 GMT']],
    ['koa.sess=abc; Max-Age=0', 'clear', ['Max-Age=0']],
    ['koa.sess=abc; Max-Age=1', 'set', ['Max-Age=1']],
  ])('R120: the Set-Cookie line %s is understood as %s', (line, does, attributes) => {
    expect(toldBy(line, { hasStore: false, now: AT })).toMatchObject({ cookie: 'koa.sess', does, attributes })
  })

  it('R120: toldBy() tells values apart, and shows none', () => {
    const [one, same, other] = ['a-value', 'a-value', 'b-value'].map((value) =>
      toldBy(`koa.sess=${value}; path=/`, { hasStore: false, now: AT }),
    )
    expect(one.fingerprint).toBe(same.fingerprint)
    expect(one.fingerprint).not.toBe(other.fingerprint)
    expect(JSON.stringify(one)).not.toContain('a-value')
    // Data that somebody guesses are not confirmed.
    expect(one.fingerprint).not.toBe(createHash('sha256').update('a-value').digest('base64url').slice(0, 8))
  })
})
