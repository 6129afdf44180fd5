import { createHash } from 'node:crypto'
import type { Send } from './redis-client'

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
