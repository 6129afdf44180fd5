import { MemoryStore } from 'koa-session-service'
import { defer } from '../support/trouble'
import { createSessionApp } from '../support/session-app'
import { interceptStore } from '../support/intercept'

it.each([
  ['a new session', '/'],
  ['a session that exists', '/set?user=ann'],
])('R34: what was being saved of %s when it was ended and replaced is destroyed', async (_name, before) => {
  const store = new MemoryStore()
  const writing = defer<void>()
  const options = interceptStore({ store }, async (call) => {
    if (call.method !== 'create' && call.method !== 'replace') return call.proceed()
    await writing.promise
    return call.proceed()
  })
  const { visitor } = createSessionApp(options, {
    '/replace-while-saving': (ctx) => {
      ctx.session.user = 'bea'
      void ctx.session.save()
      ctx.session = null
      ctx.session = { user: 'cleo' }
      setImmediate(writing.resolve)
    },
  })
  const ann = visitor()
  if (before !== '/') setImmediate(writing.resolve)
  await ann.get(before)
  await ann.get('/replace-while-saving')
  expect((await ann.get('/')).json()).toEqual({ user: 'cleo' })
  expect(store.size).toBe(1)
})
