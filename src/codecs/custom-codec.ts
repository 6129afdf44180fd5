import type { Codec } from '../contracts/codec'
import { isRecord, type SessionRecord } from '../record'

/** The `encode` and `decode` options. As in koa-session, a SyntaxError means "not ours", and any other error is one. */
export class CustomCodec implements Codec {
  constructor(
    readonly encode: (record: SessionRecord) => string,
    private readonly parse: (text: string) => unknown,
  ) {}

  decode(text: string): SessionRecord | null | undefined {
    try {
      const value = this.parse(text)
      return isRecord(value) ? value : undefined
    } catch (error) {
      if (error instanceof SyntaxError) return null
      throw error
    }
  }
}
