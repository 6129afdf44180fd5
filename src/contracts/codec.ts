import type { SessionRecord } from '../record'

/**
 * How a record is wrapped into the text of a cookie.
 *
 * `decode` answers undefined for anything that is not a record of this codec's making, and throws for none of it.
 */
export interface Codec {
  encode(record: SessionRecord): string
  decode(text: string): SessionRecord | undefined
}
