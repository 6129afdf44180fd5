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

/** The bodies that are not answered by this status. */
async function othersThan(status: number, bodies: string[], path: string, type: string): Promise<string[]> {
  const statuses = await Promise.all(bodies.map((body) => send(browser, path, body, type)))
  return bodies.filter((_body, index) => statuses[index] !== status)
}

let browser: Browser
beforeAll(async () => {
  browser = await visit({})
  await browser.post('/sign-in', ADA)
})
afterAll(closeServers)

test.each(FORMS)('the shop answers %s with 400 where the JSON is not that of its fields', async (path, fields) => {
  const [field] = Object.keys(fields)
  const wrong = [[], [[]], [fields], [null], {}, null, 'text', 1, true, { [field]: 1 }, { [field]: null }]
  const nested = [[], {}, [fields[field]], { length: 1 }].map((value) => ({ ...fields, [field]: value }))
  const texts = [...wrong, ...nested].map((body) => JSON.stringify(body))
  const bodies = [...texts, '', '{', `{"__proto__":${JSON.stringify(fields)}}`]
  expect(await othersThan(400, bodies, path, JSON_TYPE)).toEqual([])
})

test.each(FORMS)('the shop answers %s with 400 where the form is not that of its fields', async (path, fields) => {
  const [field] = Object.keys(fields)
  const bodies = ['', `${field}[]=a`, `${field}[b]=a`, `${field}=a&${field}=b`, '%', '=&=', 'a']
  expect(await othersThan(400, bodies, path, FORM_TYPE)).toEqual([])
})

test.each(FORMS)('the shop takes the fields of %s from a program that sends them as JSON', async (path, fields) => {
  expect(await othersThan(303, [JSON.stringify(fields)], path, JSON_TYPE)).toEqual([])
})
