import type { Codec } from '../contracts/codec'
import { isRecord, type SessionRecord } from '../record'

/** koa-session's format: JSON in base64. Readable by whoever holds the cookie. */
export class JsonCodec implements Codec {
  encode(record: SessionRecord): string {
    return Buffer.from(JSON.stringify(record)).toString('base64')
  }

  decode(text: string): SessionRecord | undefined {
    return recordOrNothing(() => JSON.parse(Buffer.from(text, 'base64').toString('utf8')))
  }
}

/** The `encode` and `decode` options. As in koa-session, a SyntaxError means "not ours", and any other error is one. */
export class CustomCodec implements Codec {
  constructor(
    readonly encode: (record: SessionRecord) => string,
    private readonly parse: (text: string) => unknown,
  ) {}

  decode(text: string): SessionRecord | undefined {
    return recordOrNothing(() => this.parse(text))
  }
}

function recordOrNothing(parse: () => unknown): SessionRecord | undefined {
  try {
    const value = parse()
    return isRecord(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
