import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { OutsideRequest, SessionOptions } from 'koa-session-service'
import { BACKENDS } from '../../support/backends/backends'
import { createSessionApp } from '../../support/app/session-app'
import { FOREIGN, OWN } from './requests'

interface Given {
  method?: string
  url?: string
  headers: Record<string, string>
}

const SITE = 'https://shop.example'
const HOST = { host: 'localhost' }
const PLAIN = { origin: 'http://localhost', ...HOST }
const HANDSHAKE = { upgrade: 'websocket', connection: 'Upgrade' }

/** The shapes that a request comes in. Where it does not say its method, fetch and Node have none to tell of. */
const FORMS: [string, (given: Given) => OutsideRequest][] = [
  ['an object', (given) => given],
  ['an object with Headers', ({ headers, ...given }) => ({ ...given, headers: new Headers(headers) })],
  [
    'a Request of fetch',
    ({ method, url = '/', headers }) => new Request(new URL(url, 'http://localhost'), { method, headers }),
  ],
  [
    'a request of Node',
    ({ method, url = '/', headers }) => Object.assign(new IncomingMessage(new Socket()), { method, url, headers }),
  ],
]

/** What a browser sends, and whether it gets the session. */
const REQUESTS: [string, string | undefined, Record<string, string>, boolean][] = [
  ['a GET from another site', 'GET', { ...HOST, ...FOREIGN }, true],
  ['a HEAD from another site', 'HEAD', { ...HOST, ...FOREIGN }, true],
  ['a POST from another site', 'POST', { ...HOST, ...FOREIGN }, false],
  ['a DELETE from another site', 'DELETE', { ...HOST, ...FOREIGN }, false],
  ['a POST whose Origin alone tells', 'POST', { ...HOST, origin: 'https://evil.example' }, false],
  ['a POST from a page without an origin', 'POST', { ...HOST, origin: 'null' }, false],
  ['a POST from the site itself', 'POST', { ...HOST, ...OWN }, true],
  ['a POST from the site itself, in an old browser', 'POST', PLAIN, true],
  ['a POST of no browser', 'POST', HOST, true],
  ['a handshake from another site', 'GET', { ...HOST, ...HANDSHAKE, ...FOREIGN }, false],
  ['a handshake from the site itself', 'GET', { ...PLAIN, ...HANDSHAKE }, true],
  ['an upgrade that is no websocket, from another site', 'GET', { ...HOST, ...FOREIGN, upgrade: 'h2c' }, true],
]

/** As far as their makers say: a request of fetch has a method always. */
const WITHOUT_METHOD: [string, Record<string, string>, boolean][] = [
  ['from another site', { ...HOST, ...FOREIGN }, false],
  ['whose Origin alone tells', { ...HOST, origin: 'https://evil.example' }, false],
  ['whose Sec-Fetch-Site alone tells', { ...HOST, 'sec-fetch-site': 'cross-site' }, false],
  ['from the site itself', { ...HOST, ...OWN }, true],
  ['from the site itself, in an old browser', PLAIN, true],
  ['of no browser', {}, true],
  ['of a handshake from another site', { ...HOST, ...HANDSHAKE, ...FOREIGN }, false],
  ['of a handshake from the site itself', { ...PLAIN, ...HANDSHAKE }, true],
]

async function opener(options: SessionOptions) {
  const { sessions, visitor } = createSessionApp({ crossSite: 'refuse', ...options })
  const ann = visitor()
  await ann.get('/set?user=ann')
  return async (form: (given: Given) => OutsideRequest, { headers, ...given }: Given): Promise<boolean> => {
    const held = await sessions.open(form({ ...given, headers: { cookie: ann.jar.header, ...headers } }))
    held?.release()
    return held !== undefined
  }
}

describe.each(BACKENDS)('open() with crossSite: $name', ({ options }) => {
  describe.each(FORMS)('%s', (name, form) => {
    it.each(REQUESTS)('R102: open() judges %s by its method', async (_what, method, headers, opens) => {
      const open = await opener(options())
      expect(await open(form, { method, headers })).toBe(opens)
    })

    if (name === 'a Request of fetch') return
    it.each(WITHOUT_METHOD)(
      'R102: a request without a method, %s, may change something or not, as open() sees',
      async (_what, headers, opens) => {
        const open = await opener(options())
        expect(await open(form, { headers })).toBe(opens)
      },
    )
  })
})

describe('the address', () => {
  const [, , [, asFetch]] = FORMS
  const asObject = (given: Given): OutsideRequest => given

  it.each([
    ['/hook', true],
    ['/hook?answer=1', true],
    [`${SITE}/hook?answer=1`, true],
    ['/other', false],
    [`${SITE}/other?path=/hook`, false],
    ['//hook', false],
    [undefined, false],
  ])('R102: the path of the address %s is what open() asks "allow" with', async (url, opens) => {
    const open = await opener({ crossSite: { allow: (ctx) => ctx.path === '/hook' } })
    const given = { method: 'POST', url, headers: FOREIGN }
    expect(await open(asObject, given)).toBe(opens)
    expect(await open(asFetch, { ...given, url: url?.startsWith('//') ? SITE : url })).toBe(opens)
  })

  it.each([
    [`${SITE}/`, { origin: SITE }, true],
    [`${SITE}:8443/`, { origin: `${SITE}:8443` }, true],
    [`${SITE}/`, { origin: 'http://shop.example' }, false],
    [`${SITE}/`, { origin: 'https://evil.example' }, false],
    [`${SITE}/`, { origin: 'https://evil.example', host: 'evil.example' }, true],
    ['http://shop.example/', { origin: SITE }, true],
    ['wss://shop.example/live', { origin: SITE }, true],
    ['/live', { origin: SITE, host: 'shop.example' }, true],
    ['/live', { origin: SITE }, false],
  ])('R102: open() compares the address %s, with %j, with the origin', async (url, headers, opens) => {
    const open = await opener({})
    expect(await open(asObject, { method: 'POST', url, headers })).toBe(opens)
    if (/^https?:/.test(url)) expect(await open(asFetch, { method: 'POST', url, headers })).toBe(opens)
  })

  it('R102: the address and the method that open() is given are those of the ctx that hooks get', async () => {
    const seen: unknown[] = []
    const open = await opener({
      valid: ({ method, path, querystring, host, secure }) => seen.push([method, path, querystring, host, secure]),
    })
    await open(asObject, { method: 'post', url: `${SITE}/a?b=1`, headers: {} })
    await open(asFetch, { method: 'PUT', url: `${SITE}/c`, headers: {} })
    await open(asObject, { url: '/d?e=2', headers: { host: 'shop.example' } })
    expect(seen.slice(-3)).toEqual([
      ['POST', '/a', 'b=1', 'shop.example', true],
      ['PUT', '/c', '', 'shop.example', true],
      ['', '/d', 'e=2', 'shop.example', false],
    ])
  })
})
