import { sealed, type SessionOptions } from 'koa-session-service'
import { createSessionApp } from '../../support/app/session-app'

const DEEP = `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)},"_expire":4102444800000}`
const parse = (text: string): unknown => JSON.parse(Buffer.from(text, 'base64').toString())

it.each<[string, SessionOptions]>([
  ['unsigned', { signed: false }],
  ['with a decode option', { signed: false, encode: (record) => JSON.stringify(record), decode: parse }],
  ['where a sealed one is expected', { codec: sealed({ keys: ['a secret of more than thirty-two bytes'] }) }],
])('R29: a cookie that is nested 5,000 deep causes no 500, %s', async (_, options) => {
  const { visitor } = createSessionApp(options)
  const cookie = `koa.sess=${Buffer.from(DEEP).toString('base64')}`
  expect(await visitor().get('/', { cookie })).toMatchObject({ status: 200, body: '{}' })
  const ann = visitor()
  expect(await ann.get('/set?user=ann', { cookie })).toMatchObject({ status: 200 })
})
