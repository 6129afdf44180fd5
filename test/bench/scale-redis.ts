import { RedisStore as ConnectRedis } from 'connect-redis'
import { RedisStore } from 'koa-session-service/redis'
import { createClient } from 'redis'
import { startRedisNode } from '../support/backends/redis-cluster'
import { feed, type Bytes, type Place } from './scale-places'
import * as scale from './scale-sessions'

/** How long an owner's entry is kept beyond twice the life of the record. */
const ENTRY_GRACE = 60_000
/** How far the bytes of a copy may be from those of what the store has written. */
const TOLERANCE = 16

export async function openRedis(): Promise<Place> {
  const server = await startRedisNode()
  const client = await createClient({ url: `redis://127.0.0.1:${server.port}` }).connect()
  const usageOf = async (key: string): Promise<number> => Number(await client.memoryUsage(key, { SAMPLES: 0 }))

  /** All that the server holds. */
  async function bytes(): Promise<Bytes> {
    return { memory: Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]) }
  }

  async function load(commands: Iterable<string>): Promise<void> {
    const output = await feed('redis-cli', ['-p', String(server.port), '--pipe'], commands)
    if (!output.includes('errors: 0')) throw new Error(output)
  }

  return {
    async ours(name) {
      const prefix = `${name}:`
      const store = new RedisStore(client, { prefix })
      const sample = await scale.writeSamples(store)
      const [record, index] = [`${prefix}r:${sample.key}`, `${prefix}o:koa.sess=${sample.account}`]
      const [written, ...usages] = [await client.get(record), await usageOf(record), await usageOf(index)]
      await store.destroyByOwner(`koa.sess=${sample.account}`)
      const valueOf = scale.copierOf(String(written), sample)
      function* commandsOf(owners: readonly number[]): Generator<string> {
        for (const { session, owner } of scale.sessionsOf(owners)) {
          const [key, life] = [scale.keyOf(session), scale.endOf(session) + scale.GRACE - Date.now()]
          const entries = `${prefix}o:koa.sess=${scale.accountOf(owner)}`
          const until = String(Date.now() + 2 * life + ENTRY_GRACE)
          yield command('ZADD', entries, until, key)
          yield command('PEXPIREAT', entries, until)
          yield command('SET', `${prefix}r:${key}`, valueOf(session, owner), 'PX', String(life))
        }
      }
      return {
        store,
        add: async (owners) => load(commandsOf(owners)),
        bytes,
        async check(owner) {
          const key = `${prefix}r:${scale.keyOf(owner * scale.PER_OWNER)}`
          const own = [await usageOf(key), await usageOf(`${prefix}o:koa.sess=${scale.accountOf(owner)}`)]
          if (own.every((bytes, which) => Math.abs(bytes - usages[which]) <= TOLERANCE)) return
          throw new Error(`Copies take ${own.join()} bytes, and what the store has written ${usages.join()}.`)
        },
      }
    },
    rival: {
      name: 'connect-redis',
      async open(name) {
        const prefix = `${name}:`
        const store = new ConnectRedis({ client, prefix })
        function* commandsOf(owners: readonly number[]): Generator<string> {
          for (const { session, owner } of scale.sessionsOf(owners)) {
            const end = scale.endOf(session)
            const text = JSON.stringify(scale.foreignSession(scale.accountOf(owner), end))
            const life = String(Math.ceil((end - Date.now()) / 1000))
            yield command('SET', prefix + scale.foreignKeyOf(session), text, 'EX', life)
          }
        }
        return { store, add: async (owners) => load(commandsOf(owners)), bytes }
      },
    },
    stop: () => client.close().then(() => server.stop()),
  }
}

/** A command in the protocol of Redis; all texts are ASCII. */
function command(...parts: string[]): string {
  let text = `*${parts.length}\r\n`
  for (const part of parts) text += `$${part.length}\r\n${part}\r\n`
  return text
}
