import { Cluster } from 'ioredis'
import { findProgram, run, startServer, type ServerProcess } from './server-process'

export const hasRedis = findProgram('redis-server') !== undefined && findProgram('redis-cli') !== undefined

/** A private Redis; `durable` acknowledges a write only when it is on the disk. */
export async function startRedisNode(options: string[] = []): Promise<ServerProcess> {
  return startServer({
    program: findProgram('redis-server') as string,
    args: ({ port, folder }) => [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--save',
      '',
      ...options,
    ],
    isReady: async (port) => {
      run(findProgram('redis-cli') as string, ['-p', String(port), 'ping'])
      return true
    },
  })
}

/** What makes Redis keep every write that it acknowledged. */
export const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always']

/** Does not wait for others before it feeds a replica. */
const QUICK_REPLICA = ['--repl-diskless-sync-delay', '0']

/** A private Redis, and another one that follows it. */
export async function startRedisPair(): Promise<{ master: ServerProcess; replica: ServerProcess }> {
  const master = await startRedisNode(QUICK_REPLICA)
  const replica = await startRedisNode(['--replicaof', '127.0.0.1', String(master.port)])
  waitForReplica(master.port)
  return { master, replica }
}

function waitForReplica(port: number): void {
  run(findProgram('redis-cli') as string, ['-p', String(port), 'WAIT', '1', '20000'])
}

/** A private cluster of three masters, each with so many replicas. */
export async function startRedisCluster({ replicas = 0 } = {}): Promise<{
  nodes: ServerProcess[]
  connect: () => Cluster
  stop: () => Promise<void>
}> {
  const count = 3 * (1 + replicas)
  const options = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', ...QUICK_REPLICA, ...DURABLE]
  const nodes: ServerProcess[] = []
  for (let index = 0; index < count; index++) nodes.push(await startRedisNode(options))
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
  const create = ['--cluster', 'create', ...addresses, '--cluster-replicas', String(replicas), '--cluster-yes']
  run(findProgram('redis-cli') as string, create)
  if (replicas > 0) {
    for (const { port } of nodes.slice(0, 3)) waitForReplica(port)
  }
  return {
    nodes,
    connect: () => new Cluster(nodes.map(({ port }) => ({ host: '127.0.0.1', port }))),
    stop: async () => {
      for (const node of nodes) await node.stop()
    },
  }
}
