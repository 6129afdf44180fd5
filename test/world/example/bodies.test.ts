import { closeServers, type Browser } from './browser'
import { ADA, visit } from './shop'

/** Each form's address, and what fills it in. */
const FORMS: [path: string, fields: Record<string, string>][] = [
  ['/sign-in', ADA],
  ['/cart/add', { product: 'assam' }],
  ['/cart/remove', { product: 'assam' }],
  ['/cart/note', { note: 'ring twice' }],
  ['/sessions/revoke', { handle: 'forged' }],
]

async function send(browser: Browser, path: string, body: string, type: string): Promise<number> {
  const headers = { 'content-type': type, cookie: browser.jar.header }
  const answer = await fetch(browser.url + path, { method: 'POST', body, headers, redirect: 'manual' })
  return answer.status
}

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'

describe.each(FORMS)('what is sent to %s', (path, fields) => {
  let browser: Browser
  beforeAll(async () => {
    browser = await visit({})
    await browser.post('/sign-in', ADA)
  })
  afterAll(closeServers)

  const [field] = Object.keys(fields)
  const texts = [[], [[]], [fields], [null], {}, null, 'text', 1, true, { [field]: 1 }, { [field]: null }].map((body) =>
    JSON.stringify(body),
  )
  const wrong = [...texts, '', '{', `{"__proto__":${JSON.stringify(fields)}}`]
  const nested = [[], {}, [fields[field]], { length: 1 }].map((value) => JSON.stringify({ ...fields, [field]: value }))

  test.each([...wrong, ...nested])('is 400 for the JSON %s', async (body) => {
    expect(await send(browser, path, body, JSON_TYPE)).toBe(400)
  })

  test.each(['', `${field}[]=a`, `${field}[b]=a`, `${field}=a&${field}=b`, '%', '=&=', 'a'])(
    'is 400 for the form "%s"',
    async (body) => {
      expect(await send(browser, path, body, FORM_TYPE)).toBe(400)
    },
  )

  test('is taken from a program that sends the fields as JSON', async () => {
    expect(await send(browser, path, JSON.stringify(fields), JSON_TYPE)).toBe(303)
  })
})
