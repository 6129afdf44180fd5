import { session, type SessionOptions } from 'koa-session-service'
import { createApp } from '../../support/app/app'
import { thrownBy } from '../../support/thrown-by'

const refusal = (options: object) => thrownBy(() => session(options as SessionOptions, createApp()))

const ORIGIN = 'which is no origin as browsers send it'
const BAD: [value: unknown, ...parts: string[]][] = [
  [true, '"crossSite"', 'not true'],
  ['allow', '"crossSite"', 'not "allow"'],
  ['REFUSE', '"crossSite"', 'not "REFUSE"'],
  [['https://a.example'], '"crossSite"', 'not an array'],
  [{ trusted: [] }, 'has no "trusted"', 'It is called "trustedOrigins" now.'],
  [{ otherwise: 'refuse' }, 'It is called "mode" now.'],
  [{ trust: [] }, 'has no "trust"', 'trustedOrigins, allow and mode'],
  [{ mode: 'ignore' }, '"crossSite.mode"', 'not "ignore"'],
  [{ allow: true }, '"crossSite.allow"', 'not true'],
  [{ trustedOrigins: 'https://a.example' }, '"crossSite.trustedOrigins"', 'not "https://a.example"'],
  [{ trustedOrigins: ['https://a.example/'] }, '"https://a.example/"', ORIGIN, 'Write "https://a.example".'],
  [{ trustedOrigins: ['https://a.example/path?q#f'] }, ORIGIN, 'Write "https://a.example".'],
  [{ trustedOrigins: ['https://A.example:443'] }, ORIGIN, 'Write "https://a.example".'],
  [
    { trustedOrigins: ['https://a.example', 'a.example'] },
    '"a.example"',
    ORIGIN,
    'is written like https://shop.example',
  ],
  [{ trustedOrigins: ['null'] }, '"null"', ORIGIN],
  [{ trustedOrigins: ['*'] }, '"*"', ORIGIN],
  [{ trustedOrigins: ['https://*.a.example/'] }, 'no browser sends a "*"', '"crossSite.allow"'],
  [{ trustedOrigins: ['https://*.a.example'] }, 'no browser sends a "*"'],
  [{ trustedOrigins: ['file:///home'] }, ORIGIN],
  [{ trustedOrigins: ['data:text/html,x'] }, ORIGIN],
  [{ trustedOrigins: [''] }, ORIGIN],
  [{ trustedOrigins: [5] }, 'holds 5', ORIGIN],
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
  { trustedOrigins: [] },
  { trustedOrigins: ['https://a.example', 'http://localhost:3000', 'capacitor://localhost', 'http://[::1]'] },
  { trustedOrigins: Object.freeze(['https://a.example']), allow: () => false, mode: 'anonymous' },
])('R74: crossSite: %j is accepted', (crossSite) => {
  expect(refusal({ crossSite })).toBeUndefined()
})

test('R74: a list of origins that is changed later changes nothing', async () => {
  const trusted = ['https://a.example']
  const app = createApp()
  session({ crossSite: { trustedOrigins: trusted } }, app)
  trusted.push('https://evil.example')
  const headers = { origin: 'https://evil.example', host: 'shop.example' }
  const ctx = app.createContext({ method: 'POST', headers, socket: {} } as never, { headersSent: false } as never)
  expect(() => ctx.session).toThrow(expect.objectContaining({ code: 'ERR_SESSION_CROSS_SITE' }))
})
