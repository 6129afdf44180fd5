import type { Codec } from '../contracts/codec'
import { isRecord, type SessionRecord } from '../session/record'
import { isTooDeep } from './nesting'

/** The `encode` and `decode` options. As in koa-session, a SyntaxError means "not ours", and any other error is one. */
export class CustomCodec implements Codec {
  constructor(
    readonly encode: (record: SessionRecord) => string,
    private readonly parse: (text: string) => unknown,
  ) {}

  decode(text: string): SessionRecord | null | undefined {
    try {
      const value = this.parse(text)
      return isRecord(value) && !isTooDeep(value) ? value : undefined
    } catch (error) {
      if (error instanceof SyntaxError || isStackOverflow(error)) return null
      throw error
    }
  }
}

/** A `decode` that calls itself for each level ends so where somebody sends a great many of them. */
function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message === 'Maximum call stack size exceeded'
}
