import type { SessionRecord } from '../session/record'
import type { Serializer } from '../session/serializer'

/**
 * A codec that wraps the JSON of a record: for it, the record is serialized once where it would be twice.
 *
 * It is taken for one where it has both methods and no other serializer than JSON. `encode` and `decode` have to be there
 * all the same, and to make and read the same texts.
 */
export interface TextCodec extends Codec {
  /**
   * @param text the JSON of a record
   * @param name the name of the cookie that it is for
   */
  wrap(text: string, name: string): string
  /** Returns undefined or null as `decode` does. */
  unwrap(token: string, name: string): string | null | undefined
}

/** Whether a codec wraps texts, and the texts are JSON. */
export function isTextCodec(codec: Codec): codec is TextCodec {
  const { wrap, unwrap } = codec as Partial<TextCodec>
  return typeof wrap === 'function' && typeof unwrap === 'function' && (codec.serializer ?? JSON) === JSON
}

/**
 * How a record is wrapped into the text of a cookie.
 *
 * `decode` returns undefined for anything that is not a record of this codec's making, and throws for none of it. For a
 * text that cannot be read at all it may return null: then nothing is reported, as in koa-session.
 */
export interface Codec {
  /** What makes texts of records, where that is not JSON: changes are found with it too. */
  readonly serializer?: Serializer
  /** Whether its texts can be neither forged nor moved to another cookie, so that they need no signature. */
  readonly isSelfAuthenticating?: boolean
  /** @param name the name of the cookie that the text is for */
  encode(record: SessionRecord, name: string): string
  decode(text: string, name: string): SessionRecord | null | undefined
}
