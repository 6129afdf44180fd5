import { createApp } from '../../../example/recipes/flash'
import { Visitor } from '../../support/app/app'

test('R71: a flash message is shown on the page behind the redirect, and only once', async () => {
  const ada = new Visitor(createApp())
  const { status, headers } = await ada.post('/save')
  expect([status, headers.location]).toEqual([303, '/'])
  expect((await ada.get('/')).body).toContain('<p role="status">Saved.</p>')
  expect((await ada.get('/')).body).not.toContain('Saved.')
})

test('R71: one of several tabs that load at once shows the flash message', async () => {
  const ada = new Visitor(createApp())
  await ada.post('/save')
  const pages = await Promise.all(Array.from({ length: 5 }, () => ada.get('/')))
  expect(pages.filter(({ body }) => body.includes('Saved.'))).toHaveLength(1)
})

test('R71: another visitor sees nothing of a flash message', async () => {
  const app = createApp()
  await new Visitor(app).post('/save')
  expect(await new Visitor(app).get('/')).toMatchObject({ status: 200, setCookie: [] })
})
