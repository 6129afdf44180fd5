import { createApp, type Library } from '../../../example/recipes/rolling-deploy'
import { Visitor } from '../../support/app/app'
import { PlainStore } from '../../support/backends/backends'
import { MemoryStore, type Store } from 'koa-session-service'

const KEYS = ['a test key']
const [THEIRS, OURS]: Library[] = ['koa-session', 'koa-session-service']
const STORES = { MemoryStore: () => new MemoryStore(), 'a store of three methods': () => new PlainStore() as Store }

describe.each(Object.entries(STORES))('over %s', (_name, open) => {
  test.each([
    { what: 'with koa-session first', order: [THEIRS, THEIRS, OURS, THEIRS, OURS, OURS] },
    { what: 'with this library first', order: [OURS, OURS, THEIRS, OURS, THEIRS, THEIRS] },
  ])('R6: a visitor of both libraries keeps the session, $what', async ({ order }) => {
    const store = open()
    const apps = { [THEIRS]: createApp(THEIRS, store, KEYS), [OURS]: createApp(OURS, store, KEYS) }
    const { jar } = new Visitor(apps[OURS])
    for (const [index, library] of order.entries()) {
      expect((await new Visitor(apps[library], jar).get()).json()).toEqual({ views: index + 1 })
    }
  })

  test.each([
    [THEIRS, OURS],
    [OURS, THEIRS],
  ])('R6: a visitor who signs out with %s is signed out with %s', async (one, other) => {
    const store = open()
    const visitor = new Visitor(createApp(other, store, KEYS))
    await visitor.get()
    const copy = visitor.jar.copy()
    await new Visitor(createApp(one, store, KEYS), visitor.jar).get('/sign-out')
    expect((await new Visitor(createApp(other, store, KEYS), copy).get()).json()).toEqual({ views: 1 })
  })
})
