import { session, type SessionOptions } from 'koa-session-service'
import { createApp } from '../../support/app'

function refusal(options: object): { code: string; message: string } | undefined {
  try {
    session(options as SessionOptions, createApp())
  } catch (error) {
    return error as { code: string; message: string }
  }
  return undefined
}

const ORIGIN = 'which is no origin as browsers send it'
const BAD: [value: unknown, ...parts: string[]][] = [
  [true, '"crossSite"', 'not true'],
  ['allow', '"crossSite"', 'not "allow"'],
  ['REFUSE', '"crossSite"', 'not "REFUSE"'],
  [['https://a.example'], '"crossSite"', 'not an array'],
  [{ trust: [] }, 'has no "trust"', 'trusted, allow and otherwise'],
  [{ otherwise: 'ignore' }, '"crossSite.otherwise"', 'not "ignore"'],
  [{ allow: true }, '"crossSite.allow"', 'not true'],
  [{ trusted: 'https://a.example' }, '"crossSite.trusted"', 'not "https://a.example"'],
  [{ trusted: ['https://a.example/'] }, '"https://a.example/"', ORIGIN, 'Write "https://a.example".'],
  [{ trusted: ['https://a.example/path?q#f'] }, ORIGIN, 'Write "https://a.example".'],
  [{ trusted: ['https://A.example:443'] }, ORIGIN, 'Write "https://a.example".'],
  [{ trusted: ['https://a.example', 'a.example'] }, '"a.example"', ORIGIN, 'is written like https://shop.example'],
  [{ trusted: ['null'] }, '"null"', ORIGIN],
  [{ trusted: ['*'] }, '"*"', ORIGIN],
  [{ trusted: ['https://*.a.example/'] }, 'no browser sends a "*"', '"crossSite.allow"'],
  [{ trusted: ['https://*.a.example'] }, 'no browser sends a "*"'],
  [{ trusted: ['file:///home'] }, ORIGIN],
  [{ trusted: ['data:text/html,x'] }, ORIGIN],
  [{ trusted: [''] }, ORIGIN],
  [{ trusted: [5] }, 'holds 5', ORIGIN],
]

test.each(BAD)('R74: crossSite: %j is refused', (crossSite, ...parts) => {
  const error = refusal({ crossSite })
  expect(error?.code).toBe('ERR_SESSION_OPTIONS')
  for (const part of parts) expect(error?.message).toContain(part)
})

test.each([
  undefined,
  null,
  'refuse',
  'anonymous',
  {},
  { trusted: [] },
  { trusted: ['https://a.example', 'http://localhost:3000', 'capacitor://localhost', 'http://[::1]'] },
  { trusted: Object.freeze(['https://a.example']), allow: () => false, otherwise: 'anonymous' },
])('R74: crossSite: %j is accepted', (crossSite) => {
  expect(refusal({ crossSite })).toBeUndefined()
})

test('R74: a list of origins that is changed later changes nothing', async () => {
  const trusted = ['https://a.example']
  const app = createApp()
  session({ crossSite: { trusted } }, app)
  trusted.push('https://evil.example')
  const headers = { origin: 'https://evil.example', host: 'shop.example' }
  const ctx = app.createContext({ method: 'POST', headers, socket: {} } as never, { headersSent: false } as never)
  expect(() => ctx.session).toThrow(expect.objectContaining({ code: 'ERR_SESSION_CROSS_SITE' }))
})
