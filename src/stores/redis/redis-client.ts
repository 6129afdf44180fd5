import { createHash } from 'node:crypto'
import { SessionError } from '../../errors'

/** An ioredis client: of a single server, a sentinel group or a cluster. */
export interface IoredisClient {
  call(command: string, ...args: string[]): Promise<unknown>
}

/** A client of the package `redis`, connected. */
export interface NodeRedisClient {
  sendCommand(args: string[]): Promise<unknown>
}

/** A cluster client of the package `redis`, connected; it is told the key, to find the node. */
export interface NodeRedisCluster {
  sendCommand(firstKey: string | undefined, isReadonly: boolean | undefined, args: string[]): Promise<unknown>
  readonly masters: unknown
}

/** A ready client of ioredis or of `redis`: what of it is used. */
export type RedisClient = IoredisClient | NodeRedisClient | NodeRedisCluster

/** Sends one command about one key. */
export type Send = (command: string, key: string, ...args: string[]) => Promise<unknown>

/** The one way to talk to either client. */
export function senderOf(client: RedisClient): Send {
  const candidate = client as Partial<IoredisClient & NodeRedisCluster> | null | undefined
  if (typeof candidate?.call === 'function') {
    const ioredis = client as IoredisClient
    return (command, key, ...args) => ioredis.call(command, ...withKey(command, key, args))
  }
  if (typeof candidate?.sendCommand === 'function') {
    if ('masters' in candidate) {
      const cluster = client as NodeRedisCluster
      return (command, key, ...args) => cluster.sendCommand(key, false, [command, ...withKey(command, key, args)])
    }
    const single = client as NodeRedisClient
    return (command, key, ...args) => single.sendCommand([command, ...withKey(command, key, args)])
  }
  throw new SessionError(
    'ERR_SESSION_OPTIONS',
    'RedisStore takes a ready client: new Redis() of ioredis, or await createClient().connect() of redis.',
  )
}

/** A Lua script about one key, sent by its hash; after a script flush it is sent whole once. */
export class RedisScript {
  readonly #source: string
  readonly #hash: string

  constructor(source: string) {
    this.#source = source
    this.#hash = createHash('sha1').update(source).digest('hex')
  }

  async run(send: Send, key: string, ...args: string[]): Promise<unknown> {
    try {
      return await send('EVALSHA', key, this.#hash, ...args)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return send('EVAL', key, this.#source, ...args)
    }
  }
}

function withKey(command: string, key: string, args: string[]): string[] {
  const isScript = command === 'EVAL' || command === 'EVALSHA'
  return isScript ? [args[0], '1', key, ...args.slice(1)] : [key, ...args]
}
