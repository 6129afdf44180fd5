import { createApp } from '../../../example/recipes/csrf'
import { Visitor } from '../../support/app/app'

const EVIL = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
const OWN = { 'sec-fetch-site': 'same-origin', origin: 'http://localhost' }

test('R74: a form of the site itself pays, and one of another site does not', async () => {
  const ada = new Visitor(createApp())
  expect((await ada.post('/', undefined, OWN)).json()).toEqual({ balance: 90 })
  expect(await ada.post('/', undefined, EVIL)).toMatchObject({ status: 403, body: 'This form is not one of ours.' })
  expect((await ada.post('/', undefined, OWN)).json()).toEqual({ balance: 80 })
})

test.each([
  { what: 'the trusted site', path: '/', origin: 'https://pay.example' },
  { what: 'any site to the path that takes it', path: '/webhook', origin: 'https://evil.example' },
])('R74: a form of $what is let through, and pays', async ({ path, origin }) => {
  const ada = new Visitor(createApp())
  expect((await ada.post(path, undefined, { ...EVIL, origin })).json()).toEqual({ balance: 90 })
})

test('R74: a link of another site shows the page', async () => {
  expect((await new Visitor(createApp()).get('/', EVIL)).status).toBe(200)
})
