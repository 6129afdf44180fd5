import { createHash } from 'node:crypto'
import type { SessionExplanation } from 'koa-session-service'
import { lineOf, type RequestLine } from '../../../../src/request/explain/line'
import { toldBy } from '../../../../src/request/explain/told'

const NOTHING: SessionExplanation = {
  cookie: 'koa.sess',
  why: 'no-cookie',
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
  origin: 'http://shop.example',
  path: '/cart',
  status: 200,
  secrets: [],
  isUnderWay: false,
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
      presented: [{ cookie: 'koa.sess', fingerprint: 'ab-de_gh', fate: 'unknown-id' }],
      session: 'loaded',
      fingerprint: '12345678',
      written: 'save',
      told,
      error: 'ERR_SESSION_STORE',
      hint: 'no-keys',
    }
    expect(lineOf(all, { ...REQUEST, isUnderWay: true })).toBe(
      'GET http://shop.example/cart 200 | koa.sess: koa.sess#ab-de_gh unknown-id | session: loaded #12345678 | written: save | ' +
        'told: clear koa.sess#none (path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT) | error: ERR_SESSION_STORE | ' +
        'the handler still runs | hint: no-keys: The cookie is signed, and app.keys is not set, or has an empty key.',
    )
  })

  it.each([
    ['/reset/0123456789012345678901234', '/reset/…', []],
    ['/reset/012345678901234567890123', '/reset/012345678901234567890123', []],
    ['/s/short-id/cart', '/s/…/cart', ['short-id']],
    ['/s/short-id~short-id', '/s/…~…', ['', 'short-id']],
  ])('R120: the path %s is shown as %s in a line of NODE_DEBUG', (path, shown, secrets) => {
    expect(lineOf(NOTHING, { ...REQUEST, path, secrets })).toMatch(
      new RegExp(`^GET http://shop\\.example${shown.replace(/[~.]/g, '\\$&')} 200 `),
    )
  })

  it('R120: a request without a response has no status in a line of NODE_DEBUG', () => {
    expect(lineOf(NOTHING, { ...REQUEST, status: undefined })).toMatch(/^GET http:\/\/shop\.example\/cart \| /)
  })
})

describe('toldBy', () => {
  const AT = Date.parse('2030-01-01T00:00:00Z')

  it.each([
    ['koa.sess=abc; path=/; httponly', 'set', ['path=/', 'httponly']],
    ['koa.sess=a=b; expires=Wed, 02 Jan 2030 00:00:00 GMT', 'set', ['expires=Wed, 02 Jan 2030 00:00:00 GMT']],
    ['koa.sess=; path=/', 'clear', ['path=/']],
    ['koa.sess=abc; expires=Tue, 01 Jan 2030 00:00:00 GMT', 'clear', ['expires=Tue, 01 Jan 2030 00:00:00 GMT']],
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
