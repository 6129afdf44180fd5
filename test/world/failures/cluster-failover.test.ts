import { setTimeout } from 'node:timers/promises'
import Redis, { type Cluster } from 'ioredis'
import { RedisStore } from 'koa-session-service/redis'
import { closeServers } from '../../promises/errors/server'
import { hasRedis, startRedisCluster } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import type { ServerProcess } from '../../support/backends/server-process'
import { Crowd } from './crowd'

// What is thrown and caught by nobody ends a process: jest fails the test in which it happens.
afterEach(closeServers)

describeWith('Redis', hasRedis)('a Redis cluster of three masters, each with a replica', () => {
  let cluster: Awaited<ReturnType<typeof startRedisCluster>>
  let client: Cluster

  beforeAll(async () => {
    cluster = await startRedisCluster({ replicas: 1 })
    client = cluster.connect()
    client.on('error', () => undefined)
  })
  afterAll(async () => {
    client.disconnect()
    await cluster.stop()
  })

  function expectCleanErrors(crowd: Crowd): void {
    expect(Object.keys(crowd.statuses)).toEqual(['200', '503'])
    expect(crowd.errors).toHaveLength(crowd.statuses[503])
    for (const error of crowd.errors) expect(error).toMatchObject({ code: 'ERR_SESSION_STORE', status: 503 })
  }

  it('R44: the replica of a master that is killed under load has every acknowledged write, with waitForReplicas', async () => {
    const [master, , , ...replicas] = cluster.nodes
    const crowd = await Crowd.open(new RedisStore(client, { waitForReplicas: { count: 1, timeout: 500 } }))
    await crowd.everyoneIsServed()
    await master.kill()
    await someoneTakesOver(replicas)
    await master.restart()
    await crowd.everyoneIsServed()
    await crowd.leave()
    expect(crowd.acknowledged).toBeGreaterThan(300)
    expect(await crowd.wrongCounts()).toEqual([])
    expectCleanErrors(crowd)
  })

  it('R44: service resumes through the replica of a master that is killed, without waitForReplicas', async () => {
    const crowd = await Crowd.open(new RedisStore(client))
    await crowd.everyoneIsServed()
    await cluster.nodes[1].kill()
    await crowd.someoneIsRefused()
    await crowd.everyoneIsServed()
    await crowd.leave()
    expectCleanErrors(crowd)
  })
})

/** Waits until one of the replicas is a master. */
async function someoneTakesOver(replicas: ServerProcess[]): Promise<void> {
  const clients = replicas.map(({ port }) => new Redis(port))
  try {
    for (let attempt = 0; attempt < 300; attempt++) {
      const roles = await Promise.all(clients.map((client) => client.role()))
      if (roles.some(([role]) => role === 'master')) return
      await setTimeout(100)
    }
    throw new Error('no replica took over within 30 seconds')
  } finally {
    for (const client of clients) client.disconnect()
  }
}
