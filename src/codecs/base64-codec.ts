import type { TextCodec } from '../contracts/codec'
import type { Serializer } from '../session/serializer'
import { isRecord, type SessionRecord } from '../session/record'
import { isNestedTooDeep, isTooDeep } from './nesting'
import { checkSerializer } from './serializer-check'

/**
 * koa-session's format: the record's text, JSON by default, in base64. Whoever holds the cookie can read it; what keeps
 * them from changing it is the cookie's signature.
 *
 * @example
 * import { deserialize, serialize } from '@ungap/structured-clone'
 * const serializer = {
 *   stringify: (value: unknown) => JSON.stringify(serialize(value)),
 *   parse: (text: string): unknown => deserialize(JSON.parse(text)),
 * }
 * app.use(session({ codec: new Base64Codec({ serializer }) }, app))
 */
export class Base64Codec implements TextCodec {
  readonly serializer: Serializer

  /** @throws {SessionError} `ERR_SESSION_OPTIONS` for what is no serializer */
  constructor(options: { serializer?: Serializer } = {}) {
    this.serializer = checkSerializer(options?.serializer ?? JSON, 'new Base64Codec({ serializer })')
  }

  wrap(text: string): string {
    return Buffer.from(text).toString('base64')
  }

  /** Returns null for a text that is nested deeper than any that fits into a cookie. */
  unwrap(token: string): string | null {
    const text = decodedText(token)
    return isNestedTooDeep(text) ? null : text
  }

  encode(record: SessionRecord): string {
    return this.wrap(this.serializer.stringify(record))
  }

  decode(token: string): SessionRecord | null | undefined {
    try {
      const value: unknown = this.serializer.parse(decodedText(token))
      return isRecord(value) && !isTooDeep(value) ? value : undefined
    } catch {
      return null
    }
  }
}

function decodedText(token: string): string {
  return Buffer.from(token, 'base64').toString('utf8')
}
