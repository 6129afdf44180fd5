import { createApp } from '../../../example/recipes/passport'
import { Visitor } from '../../support/app/app'

const ADA = { username: 'ada', password: 'lovelace' }

test('R7: the recipe for koa-passport signs in and out', async () => {
  const ada = new Visitor(createApp())
  expect((await ada.post('/sign-in', ADA)).headers.location).toBe('/')
  expect((await ada.get()).json()).toEqual({ name: 'ada' })
  expect((await ada.post('/sign-out')).json()).toEqual({ name: 'nobody' })
  expect((await ada.get()).json()).toEqual({ name: 'nobody' })
})

test('R7: a wrong password signs nobody in with the recipe for koa-passport', async () => {
  const ada = new Visitor(createApp())
  expect((await ada.post('/sign-in', { ...ADA, password: 'babbage' })).status).toBe(401)
  expect((await ada.get()).json()).toEqual({ name: 'nobody' })
})
