import type { Codec } from '../contracts/codec'
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
export class Base64Codec implements Codec {
  readonly serializer: Serializer

  constructor({ serializer = JSON }: { serializer?: Serializer } = {}) {
    this.serializer = serializer
  }

  encode(record: SessionRecord): string {
    return Buffer.from(this.serializer.stringify(record)).toString('base64')
  }

  decode(text: string): SessionRecord | null | undefined {
    try {
      const value: unknown = this.serializer.parse(Buffer.from(text, 'base64').toString('utf8'))
      return isRecord(value) ? value : undefined
    } catch {
      return null
    }
  }
}
