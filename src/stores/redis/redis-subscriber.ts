import { noteBusError, noting } from '../../contracts/bus-listeners'
import type { RedisClient } from './redis-client'

/** A connection that listens. */
export interface Subscriber {
  end(): Promise<void>
}

export interface Subscription {
  channel: string
  hear: (text: string) => void
  /** Called whenever it begins to listen: what was published before is not heard. */
  listening: () => void
}

interface Emitter {
  on(event: string, listener: (...args: never[]) => void): unknown
}

interface Ioredis extends Emitter {
  readonly isCluster?: boolean
  duplicate(options?: object): Ioredis
  subscribe(channel: string): Promise<unknown>
  disconnect(): void
}

interface NodeRedis extends Emitter {
  duplicate(options?: object): NodeRedis
  connect(): Promise<unknown>
  subscribe(channel: string, listener: (text: string) => void): Promise<unknown>
  destroy?(): void
  disconnect(): Promise<void>
}

/** Listens on a second connection, like the one of `client`. */
export function duplicateOf(client: RedisClient, subscription: Subscription): Subscriber {
  return 'call' in client
    ? overIoredis(client as unknown as Ioredis, subscription)
    : overNodeRedis(client as unknown as NodeRedis, subscription)
}

/** It subscribes again by itself when it has lost its connection; once more tells when that is done. A lazy one connects for that. */
function overIoredis(client: Ioredis, { channel, hear, listening }: Subscription): Subscriber {
  // Where the server is not there yet, it is waited for.
  const patient = { enableOfflineQueue: true, maxRetriesPerRequest: null }
  const subscriber = client.isCluster ? client.duplicate() : client.duplicate(patient)
  const listen = listenWith(() => subscriber.subscribe(channel), listening)
  subscriber.on('error', noteBusError)
  subscriber.on('message', (from: string, text: string) => {
    if (from === channel) hear(text)
  })
  subscriber.on('ready', listen)
  listen()
  return { end: () => noting(() => subscriber.disconnect()) }
}

/** It subscribes again by itself before it says that it is ready. */
function overNodeRedis(client: NodeRedis, { channel, hear, listening }: Subscription): Subscriber {
  const subscriber = client.duplicate({ disableOfflineQueue: false })
  const heard = (text: string | Buffer): void => hear(String(text))
  const listen = listenWith(() => subscriber.subscribe(channel, heard), listening)
  let isFirst = true
  subscriber.on('error', noteBusError)
  subscriber.on('ready', () => {
    if (!isFirst) listen()
  })
  void noting(async () => {
    await subscriber.connect()
    isFirst = false
    listen()
  })
  // It may be closed already.
  return { end: () => noting(() => (subscriber.destroy ? subscriber.destroy() : subscriber.disconnect())) }
}

/** Each call listens anew; while one is under way, a further one waits for it, and follows where it has failed. */
function listenWith(subscribe: () => Promise<unknown>, listening: () => void): () => void {
  let isUnderWay = false
  let isAskedAgain = false
  const listen = async (): Promise<void> => {
    isAskedAgain = isUnderWay
    if (isUnderWay) return
    isUnderWay = true
    let hasFailed = true
    await noting(async () => {
      await subscribe()
      hasFailed = false
    })
    isUnderWay = false
    if (!hasFailed) listening()
    else if (isAskedAgain) await listen()
  }
  return () => void listen()
}
