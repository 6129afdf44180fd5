import { LayeredStore, MemoryStore } from 'koa-session-service'
import { openOnceApp, tally } from './once-app'

it('R121: a failure of another process, which a memory in front of the store does not know of, is not that of a later request', async () => {
  const { provider, racing, visitor } = await openOnceApp({
    store: new MemoryStore(),
    storeOf: (store) => new LayeredStore(store as MemoryStore, { maxStale: 60_000 }),
    processes: 2,
  })
  const [one, other] = [racing.another(visitor, 0), racing.another(visitor, 1)]
  // Both processes have the record in memory.
  await one.get('/read')
  await other.get('/read')
  provider.answer = () => Promise.reject(new Error('the provider is down'))
  expect(tally([await one.get('/token')])).toEqual({ 'the provider is down': 1 })
  provider.answer = () => Promise.resolve()
  expect(tally([await other.get('/token')])).toEqual({ 1: 1 })
})
