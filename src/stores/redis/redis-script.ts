import { createHash } from 'node:crypto'
import type { Send } from './redis-client'

/** How a server says that it does not have a script, as clients hand it on; GLIDE has words of its own. */
const UNKNOWN = /^NOSCRIPT|NoScriptError/

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
      if (!(error instanceof Error) || !UNKNOWN.test(error.message)) throw error
      return send('EVAL', key, this.#source, ...args)
    }
  }
}
