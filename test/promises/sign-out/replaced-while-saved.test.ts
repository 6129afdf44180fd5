import { MemoryStore } from 'koa-session-service'
import { createSessionApp } from '../../support/app/session-app'
import { interceptStore } from '../../support/spies/intercept'
import { deferred } from '../../support/races/interleave'

it.each([
  ['a new session', undefined],
  ['a session that exists', '/set?user=ann'],
])('R34: what is being written of %s when it is ended and replaced is destroyed', async (_name, before) => {
  const store = new MemoryStore()
  const begun = deferred()
  const held = deferred()
  let isHeld = false
  const options = interceptStore({ store }, async ({ method, proceed }) => {
    if (isHeld && /^(create|replace)$/.test(method)) {
      begun.resolve()
      await held.promise
    }
    return proceed()
  })
  const { visitor } = createSessionApp(options, {
    '/replace-while-saving': async (ctx) => {
      isHeld = true
      ctx.session.user = 'bea'
      void ctx.session.save()
      await begun.promise
      ctx.session = null
      ctx.session = { user: 'cleo' }
      setImmediate(held.resolve)
    },
  })
  const ann = visitor()
  if (before) await ann.get(before)
  await ann.get('/replace-while-saving')
  expect((await ann.get('/')).json()).toEqual({ user: 'cleo' })
  expect(store.size).toBe(1)
})
