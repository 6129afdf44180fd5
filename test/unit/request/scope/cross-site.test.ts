import { isCrossSite, type RequestOrigin } from '../../../../src/request/scope/cross-site'

const SHOP = 'https://shop.example'
const EVIL = 'https://evil.example'
const NOBODY: ReadonlySet<string> = new Set()

interface Row {
  what: string
  method?: string
  site?: string
  origin?: string
  upgrade?: string
  host?: string
  protocol?: string
  trusted?: string[]
}

function verdict({ method = 'POST', site, origin, upgrade, host = 'shop.example', protocol = 'https', trusted }: Row) {
  const headers = { 'sec-fetch-site': site, origin, upgrade }
  const request: RequestOrigin = { method, headers, host, protocol }
  return isCrossSite(request, trusted ? new Set(trusted) : NOBODY)
}

const SAFE = ['GET', 'HEAD', 'OPTIONS']
const UNSAFE = ['POST', 'PUT', 'PATCH', 'DELETE', 'QUERY', 'TRACE', 'CONNECT', 'get', '']
const FOREIGN = ['cross-site', 'same-site', 'Same-Origin', 'same-origin, cross-site', 'nonsense']

const OWN: Row[] = [
  ...SAFE.map((method) => ({ what: `a safe method, ${method}`, method, site: 'cross-site', origin: EVIL })),
  ...UNSAFE.flatMap((method) => [
    { what: `${method} from the same origin`, method, site: 'same-origin', origin: SHOP },
    { what: `${method} that the visitor has begun`, method, site: 'none' },
    { what: `${method} of no browser`, method },
  ]),
  { what: 'the same origin, as the browser says, behind a proxy that rewrites the host', site: 'same-origin', origin: SHOP, host: '10.0.0.1:3000' }, // prettier-ignore
  { what: 'the same origin, where a redirect or a referrer policy hides it', site: 'same-origin', origin: 'null' },
  { what: 'an old browser', origin: SHOP },
  { what: 'an empty Sec-Fetch-Site, and the own Origin', site: '', origin: SHOP },
  { what: 'an own port', origin: `${SHOP}:8443`, host: 'shop.example:8443' },
  { what: 'the usual port in the host of a proxy', origin: SHOP, host: 'shop.example:443' },
  { what: 'the usual port of a plain site', origin: 'http://shop.example', host: 'shop.example:80', protocol: 'http' },
  { what: 'a plain site', origin: 'http://shop.example', protocol: 'http' },
  { what: 'a proxy that the app does not know of', origin: SHOP, protocol: 'http' },
  { what: 'that proxy, with the port', origin: SHOP, host: 'shop.example:443', protocol: 'http' },
  { what: 'a host in capitals', origin: SHOP, host: 'Shop.Example' },
  { what: 'an IPv6 address', origin: 'http://[::1]:3000', host: '[::1]:3000', protocol: 'http' },
  { what: 'a trusted origin', site: 'cross-site', origin: EVIL, trusted: [EVIL] },
  { what: 'a trusted subdomain', site: 'same-site', origin: 'https://a.shop.example', trusted: ['https://a.shop.example'] }, // prettier-ignore
  { what: 'a trusted origin of an old browser', origin: EVIL, trusted: [EVIL] },
  { what: 'a trusted web view', site: 'cross-site', origin: 'capacitor://localhost', trusted: ['capacitor://localhost'] }, // prettier-ignore
  { what: 'the handshake of an own websocket', method: 'GET', upgrade: 'websocket', origin: SHOP },
  { what: 'that of a plain one', method: 'GET', upgrade: 'websocket', origin: 'http://shop.example', protocol: 'ws' },
  { what: 'that of an encrypted one', method: 'GET', upgrade: 'websocket', origin: SHOP, protocol: 'wss' },
  { what: 'a handshake of no browser', method: 'GET', upgrade: 'websocket' },
  { what: 'an upgrade to something else', method: 'GET', upgrade: 'h2c', origin: EVIL },
]

const CROSS_SITE: Row[] = [
  ...UNSAFE.flatMap((method) => [
    { what: `${method} from another site`, method, site: 'cross-site', origin: EVIL },
    { what: `${method} of an old browser`, method, origin: EVIL },
  ]),
  ...FOREIGN.map((site) => ({ what: `Sec-Fetch-Site: ${site}`, site })),
  ...FOREIGN.map((site) => ({ what: `Sec-Fetch-Site: ${site}, with the own Origin`, site, origin: SHOP })),
  ...[
    'null',
    '',
    'shop.example',
    '//shop.example',
    `${SHOP}/`,
    `${SHOP}/path`,
    `${SHOP}, ${EVIL}`,
    'https://',
    'file://',
  ]
    .filter((origin) => origin !== '')
    .map((origin) => ({ what: `Origin: ${origin}`, origin })),
  { what: 'a subdomain', origin: 'https://a.shop.example' },
  { what: 'a host that begins like it', origin: 'https://shop.example.evil.example' },
  { what: 'a host that ends like it', origin: 'https://evilshop.example' },
  { what: 'the host as a user name', origin: 'https://shop.example@evil.example' },
  { what: 'another port', origin: `${SHOP}:8443` },
  { what: 'a port that the origin lacks', origin: SHOP, host: 'shop.example:8443' },
  { what: 'the port of the other scheme', origin: SHOP, host: 'shop.example:80' },
  { what: 'a plain page, and an encrypted connection', origin: 'http://shop.example' },
  { what: 'no host', origin: SHOP, host: '' },
  { what: 'a host that is none', origin: SHOP, host: 'shop example' },
  { what: 'an origin that is trusted with another port', origin: EVIL, trusted: [`${EVIL}:8443`] },
  { what: 'a trusted origin, and another one', site: 'cross-site', origin: EVIL, trusted: [SHOP] },
  { what: 'a web view that is not trusted', site: 'cross-site', origin: 'capacitor://localhost' },
  ...['websocket', 'WebSocket', 'h2c, websocket'].flatMap((upgrade) => [
    { what: `a handshake (${upgrade}) from another site`, method: 'GET', upgrade, site: 'cross-site', origin: EVIL },
    { what: `a handshake (${upgrade}) with another Origin`, method: 'GET', upgrade, origin: EVIL },
  ]),
  { what: 'a handshake of a plain page', method: 'GET', upgrade: 'websocket', origin: 'http://shop.example', protocol: 'wss' }, // prettier-ignore
]

test.each(OWN)('R74: a request does not count as cross-site: $what', (row) => {
  expect(verdict(row)).toBe(false)
})

test.each(CROSS_SITE)('R74: a request counts as cross-site: $what', (row) => {
  expect(verdict(row)).toBe(true)
})
