import type Koa from 'koa'
import { Visitor } from '../../support/app/app'
import { describeWith } from '../../support/backends/require-server'
import { hasRedis, startRedisCluster } from '../../support/backends/redis-cluster'
import { loadRecipe } from './load-recipe'

interface Recipe {
  createApp: (options?: { replicas?: number }) => { app: Koa; close: () => Promise<void> }
}

describeWith('Redis', hasRedis)('example/recipes/redis-cluster', () => {
  let cluster: Awaited<ReturnType<typeof startRedisCluster>>
  const opened: ReturnType<Recipe['createApp']>[] = []
  const { REDIS_NODES } = process.env

  beforeAll(async () => {
    cluster = await startRedisCluster()
    process.env.REDIS_NODES = cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')
    // Two processes, which have nothing in common but the cluster and the keys.
    for (let index = 0; index < 2; index++) {
      jest.resetModules()
      const { createApp } = loadRecipe<Recipe>('redis-cluster')
      opened.push(createApp({ replicas: 0 }))
    }
    for (const { app } of opened) app.keys = ['a test key']
  })
  afterAll(async () => {
    if (REDIS_NODES === undefined) delete process.env.REDIS_NODES
    else process.env.REDIS_NODES = REDIS_NODES
    for (const { close } of opened) await close()
    await cluster.stop()
  })

  test('R67: processes share sessions, and one ends those that the other one has begun', async () => {
    const [one, another] = opened.map(({ app }) => app)
    const laptop = new Visitor(one)
    expect((await laptop.get('/sign-in')).json()).toEqual({ user: 'ada', views: 1 })
    const phone = new Visitor(another)
    await phone.get('/sign-in')
    expect((await new Visitor(another, laptop.jar).get()).json()).toEqual({ user: 'ada', views: 2 })
    await phone.get('/sign-out-everywhere')
    expect((await laptop.get()).json()).toEqual({ views: 1 })
  })

  test('R54: a change that no replica has is not acknowledged', async () => {
    const { createApp } = loadRecipe<Recipe>('redis-cluster')
    const { app, close } = createApp({ replicas: 1 })
    app.silent = true
    const visitor = new Visitor(app)
    await visitor.get()
    expect((await visitor.get()).status).toBe(503)
    await close()
  })
})
