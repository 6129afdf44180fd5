import assert from 'node:assert/strict'
import test from 'node:test'
import Koa from 'koa'
import { MemoryStore, SessionService } from 'koa-session-service'
import { visit } from 'koa-session-service/testing'
import request from 'supertest'

// A test of an app, as somebody who is signed in: `visit` writes their session into the app's own store.

interface Cart {
  user?: string
  items?: string[]
}

// Yours is in a file of its own, and exports both.
const app = new Koa()
app.keys = ['a key of the tests']
const sessions = new SessionService<Cart>(app, { store: new MemoryStore(), owner: ({ user }) => user })
app.use(sessions.middleware())
app.use(async (ctx) => {
  if (!(await sessions.load(ctx))?.user) return void (ctx.status = 401)
  const cart = await sessions.update((data) => (data.items = [...(data.items ?? []), 'tea']), ctx)
  ctx.body = cart?.items
})

test('who is signed in fills a cart', async () => {
  const ada = await visit(sessions, { user: 'ada', items: ['milk'] })
  const { body } = ada.follow(await request(app.callback()).post('/').set(ada.headers))
  assert.deepEqual(body, ['milk', 'tea'])
  assert.deepEqual(await ada.session(), { user: 'ada', items: ['milk', 'tea'] })
})

test('a stranger does not', async () => {
  const stranger = await visit(sessions)
  await request(app.callback()).post('/').set(stranger.headers).expect(401)
})
