import { setTimeout } from 'node:timers/promises'
import { SessionError, UNCONFIRMED } from '../../base/errors'

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

/** A client of Valkey GLIDE, of a single server or of a cluster. It finds the node of a key by itself. */
export interface GlideClient {
  customCommand(args: string[]): Promise<unknown>
}

/** A ready client of ioredis, of `redis` or of Valkey GLIDE: what of it is used. */
export type RedisClient = IoredisClient | NodeRedisClient | NodeRedisCluster | GlideClient

/** Sends one command about one key. */
export type Send = (command: string, key: string, ...args: string[]) => Promise<unknown>

/** How a node of a cluster says that a key is not here, or not here alone. Nothing was done then. */
const ELSEWHERE = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN) /
const MAX_REDIRECTIONS = 6
const REDIRECTION_PAUSE_MS = 50

/** The one way to talk to either client. A client that is told to answer with Buffers is understood too. */
export function senderOf(client: RedisClient): Send {
  const send = rawSenderOf(client)
  return (command, key, ...args) => send(command, key, ...args).then(asText)
}

function rawSenderOf(client: RedisClient): Send {
  // A class has a method "call" too, that of every function.
  const candidate = (typeof client === 'object' ? client : null) as Partial<
    IoredisClient & NodeRedisCluster & GlideClient
  > | null
  if (typeof candidate?.call === 'function') {
    const ioredis = client as IoredisClient
    return (command, key, ...args) => ioredis.call(lowerCase(command), ...withKey(command, key, args))
  }
  if (candidate && 'getSentinelNode' in candidate) {
    throw new SessionError(
      'ERR_SESSION_OPTIONS',
      'createSentinel() of redis is not taken. For a group with sentinels, pass new Redis({ sentinels, name }) of ioredis.',
    )
  }
  if (typeof candidate?.customCommand === 'function') {
    const glide = client as GlideClient
    return (command, key, ...args) => glide.customCommand([command, ...withKey(command, key, args)])
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
    'RedisStore takes a ready client: new Redis() of ioredis, await createClient().connect() of redis, or await ' +
      'GlideClient.createClient() of Valkey GLIDE.',
  )
}

/** How many replicas have to have a write before it counts, and how long it waits for them in milliseconds. */
export interface ReplicasToWaitFor {
  count: number
  timeout: number
}

/**
 * Sends a command, and behind it on the same connection one that waits until the replicas have what it wrote: what a
 * master has acknowledged by itself is lost where it fails before it has passed it on.
 */
export function confirmedSenderOf(client: RedisClient, { count, timeout }: ReplicasToWaitFor): Send {
  if (!isPositive(count) || !isPositive(timeout)) {
    throw new SessionError(
      'ERR_SESSION_OPTIONS',
      'The option "waitForReplicas" of RedisStore takes two whole numbers over 0: { count: 1, timeout: 1000 }.',
    )
  }
  const send = senderOf(client)
  const sendTogether = pipelineOf(client)
  const wait = ['WAIT', String(count), String(timeout)]
  return async (command, key, ...args) => {
    const full = [command, ...withKey(command, key, args)]
    // A single command is redirected, and the client learns with it where the key is now.
    const learn = async (): Promise<unknown> => send('EXISTS', key)
    const [answer, replicas] = await followed(async () => sendTogether(key, full, wait), learn)
    if (Number(replicas) >= count) return asText(answer)
    throw new SessionError(
      'ERR_SESSION_STORE',
      `Within ${timeout} ms, ${String(replicas)} of the ${count} replicas had the session, which is lost if the master fails now. ` +
        'See that the replicas are up, or ask for fewer with the option "waitForReplicas" of the store.',
      { status: 503, cause: Object.assign(new Error('too few replicas'), { code: UNCONFIRMED }) },
    )
  }
}

/** Clients follow a key to another node for single commands; for a pipeline they may only say that it has moved. */
async function followed<T>(sendOnce: () => Promise<T>, learn: () => Promise<unknown>): Promise<T> {
  for (let redirections = 0; ; redirections++) {
    try {
      return await sendOnce()
    } catch (error) {
      if (redirections === MAX_REDIRECTIONS || !(error instanceof Error) || !ELSEWHERE.test(error.message)) throw error
      // What is being moved is at both places until it has arrived.
      if (redirections > 0) await setTimeout(redirections * REDIRECTION_PAUSE_MS)
      await learn()
    }
  }
}

/** Two commands about one key, sent one behind the other on one connection. */
type SendTogether = (key: string, first: string[], second: string[]) => Promise<[unknown, unknown]>

interface IoredisPipeline {
  pipeline(commands: string[][]): { exec(): Promise<[error: Error | null, answer: unknown][] | null> }
}

interface NodeRedisPipeline {
  addCommand(...command: unknown[]): NodeRedisPipeline
  execAsPipeline(): Promise<unknown>
}

function pipelineOf(client: RedisClient): SendTogether {
  const { pipeline, multi } = client as unknown as Partial<IoredisPipeline & { multi: unknown }>
  if ('call' in client && typeof pipeline === 'function') {
    const ioredis = client as unknown as IoredisPipeline
    return async (_key, ...commands) => {
      const answers = await ioredis
        .pipeline(commands.map(([command, ...args]) => ['call', lowerCase(command), ...args]))
        .exec()
      return (answers ?? []).map(([error, answer]) => {
        if (error) throw error
        return answer
      }) as [unknown, unknown]
    }
  }
  if (typeof multi === 'function') {
    const nodeRedis = client as unknown as { multi(): NodeRedisPipeline }
    const isCluster = 'masters' in client
    return async (key, ...commands) => {
      const started = nodeRedis.multi()
      // Version 4 takes no word on whether a replica may be asked.
      const route = isCluster ? (started.addCommand.length > 3 ? [key, false] : [key]) : []
      for (const command of commands) started.addCommand(...route, command)
      return started.execAsPipeline() as Promise<[unknown, unknown]>
    }
  }
  throw new SessionError(
    'ERR_SESSION_OPTIONS',
    'For its option "waitForReplicas", RedisStore takes a client of ioredis or of redis that can send a pipeline.',
  )
}

/** Only of a command in lower case do ioredis 5 and iovalkey know which key it is about, and so which node to ask. */
function lowerCase(command: string): string {
  return command.toLowerCase()
}

function isPositive(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0
}

function asText(answer: unknown): unknown {
  if (Array.isArray(answer)) return Array.from(answer, asText)
  return Buffer.isBuffer(answer) ? answer.toString() : answer
}

function withKey(command: string, key: string, args: string[]): string[] {
  const isScript = command === 'EVAL' || command === 'EVALSHA'
  return isScript ? [args[0], '1', key, ...args.slice(1)] : [key, ...args]
}
