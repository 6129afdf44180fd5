import Keygrip from 'keygrip'
import { inspectCookies, verifyingKeys } from '../../../src/cookies/inspect-cookies'
import { createApp } from '../../support/app/app'
import { Signatures } from '../../../src/cookies/signatures'

const KEYS = ['the first key', 'an older key']

function signed(value: string, key: string): string {
  return `koa.sess=${value}; koa.sess.sig=${new Signatures('koa.sess').sign(value, [key])}`
}

describe('inspectCookies', () => {
  it.each([
    ['nothing', '', []],
    ['a cookie of another name', 'koa.sess2=a; other=b', []],
    ['a cookie that was cleared', 'koa.sess=; koa.sess.sig=x', []],
    ['a signature of the first key', signed('a', KEYS[0]), [undefined]],
    ['a signature of an older key', signed('a', KEYS[1]), [undefined]],
    ['a signature of another key', signed('a', 'another'), ['bad-signature']],
    ['no signature', 'koa.sess=a', ['unsigned']],
    ['a good one among planted ones', `koa.sess=b; ${signed('a', KEYS[0])}`, ['bad-signature', undefined]],
  ])('R120: inspectCookies() finds in a header with %s what is wrong with each cookie', (_what, header, faults) => {
    expect(inspectCookies(header, ['koa.sess'], KEYS).map(({ fault }) => fault)).toEqual(faults)
    expect(inspectCookies(header, ['koa.sess'], new Keygrip(KEYS)).map(({ fault }) => fault)).toEqual(faults)
  })

  it('R120: inspectCookies() says nothing of signatures where there are no keys, or more cookies than are looked at', () => {
    const crowd = Array.from({ length: 30 }, (_, place) => `koa.sess=${place}`).join('; ')
    expect(inspectCookies('koa.sess=a', ['koa.sess'], undefined)).toEqual([
      { cookie: 'koa.sess', value: 'a', fault: undefined },
    ])
    const faults = inspectCookies(`${crowd}; koa.sess.sig=x`, ['koa.sess'], KEYS).map(({ fault }) => fault)
    expect(faults).toEqual(Array.from({ length: 30 }, () => undefined))
  })

  it('R120: inspectCookies() looks at every name', () => {
    const found = inspectCookies('koa.sess.1=b; koa.sess=a', ['koa.sess', 'koa.sess.1'], undefined)
    expect(found.map(({ cookie, value }) => [cookie, value])).toEqual([
      ['koa.sess', 'a'],
      ['koa.sess.1', 'b'],
    ])
  })
})

describe('verifyingKeys', () => {
  const app = createApp()
  const ctx = (): ReturnType<typeof app.createContext> =>
    app.createContext({ headers: {}, socket: {} } as never, {} as never)

  it.each([
    ['the keys of the app', KEYS, undefined, KEYS],
    ['no keys', undefined, undefined, undefined],
    ['an empty list', [], undefined, undefined],
    ['an empty key', ['', 'a'], undefined, undefined],
    ['the keys of a mounted app', KEYS, { keys: ['inner'] }, ['inner']],
    ['those of the app around a mounted one that has none', KEYS, {}, KEYS],
  ])('R120: verifyingKeys() finds the keys that verify: %s', (_what, keys, inner, found) => {
    app.keys = keys as string[]
    const keysFound = verifyingKeys(ctx(), inner as never)
    const sign = (by: typeof keysFound): string | undefined => by && new Signatures('koa.sess').sign('a', by)
    expect(sign(keysFound)).toBe(sign(found))
  })

  it("R120: verifyingKeys() knows nothing of an application's own cookies", () => {
    app.keys = KEYS
    const own = Object.assign(ctx(), { cookies: { get: () => undefined, set: () => undefined } })
    expect(verifyingKeys(own, undefined)).toBeUndefined()
  })
})
