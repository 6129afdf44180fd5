import type { SessionRecord } from '../record'

/**
 * How a record is wrapped into the text of a cookie.
 *
 * `decode` answers undefined for anything that is not a record of this codec's making, and throws for none of it.
 */
export interface Codec {
  /** Whether its texts can be neither forged nor moved to another cookie, so that they need no signature. */
  readonly isSelfAuthenticating?: boolean
  /** @param name the name of the cookie that the text is for */
  encode(record: SessionRecord, name: string): string
  decode(text: string, name: string): SessionRecord | undefined
}
