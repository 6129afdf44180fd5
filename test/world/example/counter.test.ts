import { app } from '../../../example/counter'
import { Browser, closeServers, serve } from './browser'

afterEach(closeServers)

test('R1: the counter counts the views of each visitor', async () => {
  const server = await serve(app)
  const [ada, grace] = [new Browser(server), new Browser(server)]

  expect((await ada.get('/')).body).toBe('1 views')
  expect((await ada.get('/')).body).toBe('2 views')
  expect((await grace.get('/')).body).toBe('1 views')
  expect((await ada.get('/')).body).toBe('3 views')
})

test('R1: the counter does not count a request for the icon', async () => {
  const ada = new Browser(await serve(app))

  expect(await ada.get('/favicon.ico')).toMatchObject({ status: 404, setCookie: [] })
  expect((await ada.get('/')).body).toBe('1 views')
})
