import type { TextCodec } from '../contracts/codec'
import type { Serializer } from '../contracts/serializer'
import { isRecord, type SessionRecord } from '../record'

/**
 * koa-session's format: the record's text, JSON by default, in base64. Whoever holds the cookie can read it; what keeps
 * them from changing it is the cookie's signature.
 *
 * @example
 * import * as structured from '@ungap/structured-clone/json'
 * app.use(session({ codec: new Base64Codec({ serializer: structured }) }, app))
 */
export class Base64Codec implements TextCodec {
  readonly serializer: Serializer

  constructor({ serializer = JSON }: { serializer?: Serializer } = {}) {
    this.serializer = serializer
  }

  wrap(text: string): string {
    return Buffer.from(text).toString('base64')
  }

  unwrap(token: string): string {
    return Buffer.from(token, 'base64').toString('utf8')
  }

  encode(record: SessionRecord): string {
    return this.wrap(this.serializer.stringify(record))
  }

  decode(token: string): SessionRecord | null | undefined {
    try {
      const value: unknown = this.serializer.parse(this.unwrap(token))
      return isRecord(value) ? value : undefined
    } catch {
      return null
    }
  }
}
